package io.fastforward.run;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.plugin.PluginKind;
import io.fastforward.plugin.PluginRegistry;
import io.fastforward.prune.PruningPass;
import io.fastforward.spi.Options;
import io.fastforward.spi.Plugin;
import io.fastforward.spi.model.LayerSpec;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.SearchSpace;
import io.fastforward.spi.prune.Calibrator;
import io.fastforward.spi.prune.Criterion;
import io.fastforward.spi.search.PolicyAgent;
import io.fastforward.spi.search.TrialExecutor;
import io.fastforward.spi.search.Workload;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** The plugins that serve a run, with the user's options for them. */
final class ServingPlugins {

    /** The kinds whose plugins a user may give options. */
    private static final List<PluginKind<?>> WITH_OPTIONS =
            List.of(PluginKind.AGENT, PluginKind.CALIBRATOR, PluginKind.CRITERION, PluginKind.EXECUTOR);

    private final PruneSettings settings;
    private final Criterion criterion;
    private final Calibrator calibrator;
    private final PolicyAgent.Provider agent;
    private final Options agentOptions;
    private final TrialExecutor.Provider executor;
    private final Options executorOptions;

    /**
     * Finds the plugins that the settings name.
     *
     * @throws Failure if one is not to be had or does not know an option, or an option has a bad value or is for no
     *     plugin
     */
    ServingPlugins(PluginRegistry plugins, PruneSettings settings) {
        this.settings = settings;
        settings.options().keySet().forEach(ServingPlugins::requireKind);
        Criterion.Provider criteria = plugins.find(PluginKind.CRITERION, settings.criterion());
        Calibrator.Provider calibrators = plugins.find(PluginKind.CALIBRATOR, settings.calibrator());
        agent = plugins.find(PluginKind.AGENT, settings.agent());
        executor = plugins.find(PluginKind.EXECUTOR, settings.executor());
        agentOptions = options(PluginKind.AGENT, agent);
        executorOptions = options(PluginKind.EXECUTOR, executor);
        criterion = criteria.create(options(PluginKind.CRITERION, criteria));
        calibrator = calibrators.create(options(PluginKind.CALIBRATOR, calibrators));
    }

    Criterion criterion() {
        return criterion;
    }

    PruningPass.Repair repair() {
        return new PruningPass.Repair(calibrator, settings.target());
    }

    /**
     * A new agent.
     *
     * @throws Failure if options do not go together
     */
    PolicyAgent createAgent(ModelSpec spec) {
        return agent.create(SearchSpace.of(spec.modules(), settings.sparsity()), settings.seed(), agentOptions);
    }

    /**
     * A new executor.
     *
     * @throws Failure if options do not go together
     */
    TrialExecutor createExecutor(TrialExecutor.Evaluator local, Workload workload) {
        return executor.create(local, workload, executorOptions);
    }

    /**
     * Checks that the calibrator can repair every module of a model.
     *
     * @throws Failure if it changes the output bias, and a module has none
     */
    void requireServed(ModelSpec spec) {
        if (!calibrator.changesBias()) {
            return;
        }
        for (int i = 0; i < spec.layers().size(); i++) {
            LayerSpec layer = spec.layers().get(i);
            if (!layer.attention().outputBias() || !layer.mlp().outputBias()) {
                throw new Failure(
                        FailureKind.UNSUPPORTED_MODEL,
                        "--calibrator " + settings.calibrator() + " changes the biases of the output maps, and the "
                                + (layer.mlp().outputBias() ? "attention" : "MLP") + " of layer " + i + " ("
                                + spec.family() + ") has none; use --calibrator ridge");
            }
        }
    }

    /** Ids and origins, for the manifest. */
    Map<String, String> describe() {
        Map<String, String> ids = new TreeMap<>();
        ids.put("criterion", settings.criterion());
        ids.put("agent", settings.agent());
        ids.put("calibrator", settings.calibrator());
        ids.put("executor", settings.executor());
        return ids;
    }

    private Options options(PluginKind<?> kind, Plugin plugin) {
        String prefix = kind.name() + ".";
        Map<String, String> given = new TreeMap<>();
        settings.options().forEach((name, value) -> {
            if (name.startsWith(prefix)) {
                given.put(name.substring(prefix.length()), value);
            }
        });
        return PluginRegistry.options(kind, plugin, given);
    }

    private static void requireKind(String name) {
        int dot = name.indexOf('.');
        String kind = dot < 0 ? "" : name.substring(0, dot);
        if (WITH_OPTIONS.stream().noneMatch(known -> known.name().equals(kind))) {
            throw new Failure(
                    FailureKind.USAGE,
                    "--option " + name + ": expected KIND.NAME=VALUE with a KIND of "
                            + WITH_OPTIONS.stream().map(PluginKind::name).collect(Collectors.joining(", "))
                            + "; the command 'plugins' lists the options that there are");
        }
    }
}
