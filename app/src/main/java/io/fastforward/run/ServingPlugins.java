package io.fastforward.run;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.plugin.PluginKind;
import io.fastforward.plugin.PluginRegistry;
import io.fastforward.prune.PruningPass;
import io.fastforward.spi.Options;
import io.fastforward.spi.Plugin;
import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.model.LayerSpec;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.SearchSpace;
import io.fastforward.spi.prune.Calibrator;
import io.fastforward.spi.prune.Criterion;
import io.fastforward.spi.search.PolicyAgent;
import io.fastforward.spi.search.TrialExecutor;
import io.fastforward.spi.search.Workload;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.DoubleMatrix;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
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
    private final PolicyAgent.Provider agent;
    private final TrialExecutor.Provider executor;
    private final Calibrator calibrator;

    /**
     * Finds the plugins that the settings name.
     *
     * @throws Failure if one is not to be had or does not know an option, or an option is for no plugin
     */
    ServingPlugins(PluginRegistry plugins, PruneSettings settings) {
        this.settings = settings;
        settings.options().keySet().forEach(ServingPlugins::requireKind);
        criterion = find(plugins, PluginKind.CRITERION, settings.criterion());
        agent = find(plugins, PluginKind.AGENT, settings.agent());
        executor = find(plugins, PluginKind.EXECUTOR, settings.executor());
        calibrator = find(plugins, PluginKind.CALIBRATOR, settings.calibrator());
    }

    Criterion criterion() {
        return criterion;
    }

    PruningPass.Repair repair() {
        return new PruningPass.Repair(calibrator, options(PluginKind.CALIBRATOR), settings.target());
    }

    /**
     * A new agent.
     *
     * @throws Failure if an option has a bad value
     */
    PolicyAgent createAgent(ModelSpec spec) {
        SearchSpace space = SearchSpace.of(spec.modules(), settings.sparsity());
        return agent.create(space, settings.seed(), options(PluginKind.AGENT));
    }

    /**
     * A new executor.
     *
     * @throws Failure if an option has a bad value
     */
    TrialExecutor createExecutor(TrialExecutor.Evaluator local, Workload workload) {
        return executor.create(local, workload, options(PluginKind.EXECUTOR));
    }

    /**
     * Checks the calibrator's options before there is work that could be lost: it reads them when it solves a problem,
     * so it is given one that has nothing else to complain of.
     *
     * @throws Failure if an option has a bad value
     */
    void requireCalibratorOptions(LinearAlgebra algebra) {
        Options options = options(PluginKind.CALIBRATOR);
        if (options.values().isEmpty()) {
            return;
        }
        try (Arena arena = Arena.ofShared()) {
            Linear map =
                    new Linear(Matrix.allocate(arena, DataType.F32, 1, 2), Matrix.allocate(arena, DataType.F32, 1, 1));
            map.weight().set(0, 0, 1);
            map.weight().set(0, 1, 1);
            DoubleMatrix gram = DoubleMatrix.allocate(arena, 2, 2);
            gram.set(0, 0, 2);
            gram.set(1, 1, 2);
            DoubleMatrix mean = DoubleMatrix.allocate(arena, 1, 2);
            Calibrator.Problem problem = new Calibrator.Problem(map, 1, gram, gram, mean, mean, 4);
            calibrator.calibrate(problem, options, algebra, arena);
        }
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
                        "--calibrator " + calibrator.id() + " changes the biases of the output maps, and the "
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

    private <T extends Plugin> T find(PluginRegistry plugins, PluginKind<T> kind, String id) {
        T plugin = plugins.find(kind, id);
        PluginRegistry.requireKnownOptions(kind.name(), plugin, options(kind));
        return plugin;
    }

    private Options options(PluginKind<?> kind) {
        String prefix = kind.name() + ".";
        Map<String, String> values = new TreeMap<>();
        settings.options().forEach((name, value) -> {
            if (name.startsWith(prefix)) {
                values.put(name.substring(prefix.length()), value);
            }
        });
        return new Options(values);
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
