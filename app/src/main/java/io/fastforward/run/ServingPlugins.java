package io.fastforward.run;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Setting;
import io.fastforward.plugin.PluginKind;
import io.fastforward.plugin.PluginRegistry;
import io.fastforward.prune.PruningPass;
import io.fastforward.record.RunRecord;
import io.fastforward.search.Budget;
import io.fastforward.search.SearchState;
import io.fastforward.settings.PruneSettings;
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
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.DoubleMatrix;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
        settings.plugins().options().keySet().forEach(ServingPlugins::requireKind);
        criterion = find(plugins, PluginKind.CRITERION, settings.plugins().criterion());
        agent = find(plugins, PluginKind.AGENT, settings.plugins().agent());
        executor = find(plugins, PluginKind.EXECUTOR, settings.plugins().executor());
        calibrator = find(plugins, PluginKind.CALIBRATOR, settings.plugins().calibrator());
    }

    Criterion criterion() {
        return criterion;
    }

    PruningPass.Repair repair() {
        return new PruningPass.Repair(
                calibrator, options(PluginKind.CALIBRATOR), settings.repair().target());
    }

    /**
     * A new agent.
     *
     * @param warmStart run directory of the search where it begins, if it does not begin anew
     * @throws Failure if no policy reaches the sparsity, an option has a bad value, or the agent cannot begin there
     */
    PolicyAgent createAgent(Budget budget, Optional<Path> warmStart) {
        settings.budget().requireReachable(budget);
        SearchSpace space = new SearchSpace(budget.modules(), settings.budget().sparsity());
        PolicyAgent created = agent.create(space, settings.seed(), options(PluginKind.AGENT));
        warmStart.ifPresent(from -> restore(created, from));
        return created;
    }

    private static void restore(PolicyAgent agent, Path from) {
        SearchState state = RunRecord.searchState(from)
                .orElseThrow(() -> new Failure(
                        FailureKind.NOT_FOUND,
                        "there is no search to start from in '" + from + "' (" + Setting.WARM_START + ")"));
        try {
            agent.restore(state.agent());
        } catch (IllegalArgumentException e) {
            throw new Failure(
                    FailureKind.BAD_RECORD,
                    "the search in '" + from + "' cannot be a start for this one: " + e.getMessage(),
                    e);
        }
    }

    /**
     * A new executor.
     *
     * @throws Failure if an option has a bad value
     */
    TrialExecutor createExecutor(TrialExecutor.Evaluator local) {
        return executor.create(local, options(PluginKind.EXECUTOR));
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
                        Setting.CALIBRATOR + " " + calibrator.id() + " changes the biases of the output maps, and the "
                                + (layer.mlp().outputBias() ? "attention" : "MLP") + " of layer " + i + " ("
                                + spec.family() + ") has none; use " + Setting.CALIBRATOR + " ridge");
            }
        }
    }

    /** Ids and origins, for the manifest. */
    Map<String, String> describe() {
        Map<String, String> ids = new TreeMap<>();
        ids.put("criterion", settings.plugins().criterion());
        ids.put("agent", settings.plugins().agent());
        ids.put("calibrator", settings.plugins().calibrator());
        ids.put("executor", settings.plugins().executor());
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
        settings.plugins().options().forEach((name, value) -> {
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
                    Setting.PLUGIN_OPTIONS + " " + name + ": expected KIND.NAME=VALUE with a KIND of "
                            + WITH_OPTIONS.stream().map(PluginKind::name).collect(Collectors.joining(", "))
                            + "; the command 'plugins' lists the options that there are");
        }
    }
}
