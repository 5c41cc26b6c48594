package io.fastforward.run;

import io.fastforward.export.CheckpointExport.Form;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Setting;
import io.fastforward.model.Model;
import io.fastforward.nested.NestedModel;
import io.fastforward.plugin.PluginKind;
import io.fastforward.plugin.PluginRegistry;
import io.fastforward.prune.PruningPass;
import io.fastforward.record.RunRecord;
import io.fastforward.report.Progress;
import io.fastforward.search.Budget;
import io.fastforward.search.ExpectedTrials;
import io.fastforward.search.Prior;
import io.fastforward.search.SearchState;
import io.fastforward.settings.BudgetSettings;
import io.fastforward.settings.PluginSettings;
import io.fastforward.settings.PruneSettings;
import io.fastforward.settings.SearchPlan;
import io.fastforward.settings.TargetRuntime;
import io.fastforward.spi.Options;
import io.fastforward.spi.Plugin;
import io.fastforward.spi.format.ModelFormat;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.SearchSpace;
import io.fastforward.spi.prune.Calibrator;
import io.fastforward.spi.prune.Criterion;
import io.fastforward.spi.search.PolicyAgent;
import io.fastforward.spi.search.TrialExecutor;
import io.fastforward.spi.search.TrialExecutor.SearchProcess;
import io.fastforward.spi.search.Workload;
import io.fastforward.tokenizer.TokenWindows;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/** The plugins that serve a run, with the user's options for them. */
final class ServingPlugins {

    /** The kinds whose plugins a user may give options. */
    private static final List<PluginKind<?>> WITH_OPTIONS = List.of(
            PluginKind.AGENT, PluginKind.CALIBRATOR, PluginKind.CRITERION, PluginKind.EXECUTOR, PluginKind.FORMAT);

    private final PruneSettings settings;
    private final Criterion criterion;
    private final PluginIdentity criterionIdentity;
    private final PolicyAgent.Provider agent;
    private final TrialExecutor.Provider executor;
    private final Calibrator calibrator;
    private final Options agentOptions;
    private final Options executorOptions;
    private final Form form;

    /**
     * Finds the plugins that the settings name.
     *
     * @throws Failure if one is not to be had, an option has a bad value, or is for no plugin
     */
    ServingPlugins(PluginRegistry plugins, PruneSettings settings) {
        this.settings = settings;
        GivenOptions.requireKinds(settings.plugins().options(), WITH_OPTIONS);
        PluginSettings ids = settings.plugins();
        Criterion.Provider criteria = plugins.find(PluginKind.CRITERION, ids.criterion());
        Calibrator.Provider calibrators = plugins.find(PluginKind.CALIBRATOR, ids.calibrator());
        agent = plugins.find(PluginKind.AGENT, ids.agent());
        executor = plugins.find(PluginKind.EXECUTOR, ids.executor());
        if (settings.search().rewardAfter() == SearchPlan.RewardAfter.REPAIR
                && !ids.executor().equals(PluginSettings.DEFAULT.executor())) {
            throw FailureKind.USAGE.failure(Setting.EXECUTOR + " " + ids.executor()
                    + " evaluates candidates elsewhere, which cannot repair them yet; use " + Setting.EXECUTOR + " "
                    + PluginSettings.DEFAULT.executor() + ", or " + Setting.REWARD_AFTER + " cut");
        }
        agentOptions = options(PluginKind.AGENT, agent);
        executorOptions = options(PluginKind.EXECUTOR, executor);
        executor.check(executorOptions);
        criterionIdentity = PluginIdentity.of(plugins, PluginKind.CRITERION, criteria, ids.options());
        criterion = criteria.create(options(PluginKind.CRITERION, criteria));
        calibrator = calibrators.create(options(PluginKind.CALIBRATOR, calibrators));
        ModelFormat.Provider formats =
                plugins.find(PluginKind.FORMAT, settings.export().format());
        form = settings.export().in(formats.create(options(PluginKind.FORMAT, formats)));
    }

    /**
     * In what precision candidates are evaluated.
     *
     * @throws Failure if the user wants another one than they can be in
     */
    CandidatePrecision candidatePrecision() {
        String single = "";
        if (settings.search().rewardAfter() == SearchPlan.RewardAfter.REPAIR) {
            single = "these are repaired (" + Setting.REWARD_AFTER + "), which is in f32 and takes most of the time";
        }
        return new CandidatePrecision(settings.search().precision(), single);
    }

    /** How the result is written. */
    Form form() {
        return form;
    }

    Criterion criterion() {
        return criterion;
    }

    /** All that the criterion's scores depend on beside what it sees. */
    PluginIdentity criterionIdentity() {
        return criterionIdentity;
    }

    PruningPass.Repair repair() {
        return new PruningPass.Repair(
                calibrator, settings.repair().target(), settings.export().dataType());
    }

    /**
     * Checks, before there are scores, that an agent can be had.
     *
     * @param asked what the budget came from
     * @param warmStart as in {@link #createAgent}
     * @return what a search with it is going to take
     * @throws Failure if no policy reaches the sparsity, options do not go together, or the agent cannot begin there
     */
    ExpectedTrials requireAgent(BudgetSettings asked, Budget budget, Optional<Path> warmStart) {
        if (settings.search().prior() == SearchPlan.Prior.NONE && agent.priorUse() == PolicyAgent.PriorUse.NEEDED) {
            throw FailureKind.USAGE.failure(Setting.AGENT + " " + agent.id()
                    + " proposes what is known before a search, and "
                    + Setting.PRIOR + " none leaves that out; choose " + Setting.PRIOR + " probes, or " + Setting.AGENT
                    + " ppo, which searches from nothing");
        }
        asked.requireReachable(budget);
        PolicyAgent created =
                createAgent(budget.emptySearchSpace(settings.budget().sparsity(), usesPrior()), warmStart);
        return ExpectedTrials.of(settings.forSearch(), created.batchSize(), created.episodeLimit(), priorPolicies());
    }

    /** Policies that are likely to be good, of a sparsity, at most. */
    int priorPolicies() {
        if (!usesPrior()) {
            return 0;
        }
        return settings.search().prior() == SearchPlan.Prior.PROBES ? Prior.MOST_POLICIES : 1;
    }

    /** Whether what is known of good policies before the search is wanted. */
    boolean usesPrior() {
        return settings.search().prior() != SearchPlan.Prior.NONE && agent.priorUse() != PolicyAgent.PriorUse.IGNORED;
    }

    /**
     * On what single modules are tried before the search, if they are.
     *
     * @param reward the windows of the search
     */
    Optional<TokenWindows> probeWindows(TokenWindows reward) {
        return settings.search().prior() == SearchPlan.Prior.PROBES
                ? Optional.of(reward.subset(IntStream.range(0, Math.min(SearchPlan.PROBE_WINDOWS, reward.count()))
                        .toArray()))
                : Optional.empty();
    }

    /**
     * A new agent.
     *
     * @param space what it is told of the model
     * @param warmStart run directory of the search where it begins, if it does not begin anew
     * @throws Failure if options do not go together, or the agent cannot begin there
     */
    PolicyAgent createAgent(SearchSpace space, Optional<Path> warmStart) {
        PolicyAgent created = agent.create(space, settings.seed(), agentOptions);
        warmStart.ifPresent(from -> restore(created, from));
        return created;
    }

    private static void restore(PolicyAgent agent, Path from) {
        SearchState state = RunRecord.searchState(from)
                .orElseThrow(() -> FailureKind.NOT_FOUND.failure(
                        "there is no search to start from in '" + from + "' (" + Setting.WARM_START + ")"));
        try {
            agent.restore(state.agent());
        } catch (IllegalArgumentException e) {
            throw FailureKind.BAD_RECORD.failure(
                    "the search in '" + from + "' cannot be a start for this one: " + e.getMessage(), e);
        }
    }

    /**
     * A new executor. What it may take of this machine is half of the memory: the other half is for layers that stay loaded
     * here.
     *
     * @throws Failure if options do not go together
     */
    TrialExecutor createExecutor(TrialExecutor.Evaluator local, Compute compute, Progress progress, Workload workload) {
        SearchProcess search = new SearchProcess(local, compute.threads(), compute.memoryBytes() / 2, progress::note);
        return executor.create(search, workload, executorOptions);
    }

    /** The architecture that is repaired: with biases on all output maps, if the calibrator changes those. */
    ModelSpec repaired(ModelSpec spec) {
        return calibrator.changesBias() ? spec.withOutputBiases() : spec;
    }

    /** The model that is repaired, likewise. */
    NestedModel repaired(NestedModel nested) {
        return calibrator.changesBias() ? nested.withOutputBiases() : nested;
    }

    /**
     * Checks that what the result has to run on takes what the calibrator makes of a model.
     *
     * @throws Failure if the calibrator adds biases, and it does not
     */
    void requireServed(ModelSpec spec) {
        TargetRuntime runtime = settings.budget().targetRuntime();
        if (runtime != TargetRuntime.HF && Model.hasAddedBiases(repaired(spec))) {
            throw FailureKind.UNSUPPORTED_MODEL.failure(
                    Setting.CALIBRATOR + " " + settings.plugins().calibrator()
                            + " changes the biases of the output maps, which '" + spec.family()
                            + "' does not have, so that they are added; " + Setting.TARGET_RUNTIME + " " + runtime
                            + " does not take them. Use " + Setting.CALIBRATOR + " ridge, or "
                            + Setting.TARGET_RUNTIME + " hf");
        }
    }

    /** Ids and origins, for the manifest. */
    Map<String, String> describe() {
        PluginSettings ids = settings.plugins();
        return Map.of(
                "criterion", ids.criterion(),
                "agent", ids.agent(),
                "calibrator", ids.calibrator(),
                "executor", ids.executor());
    }

    private Options options(PluginKind<?> kind, Plugin plugin) {
        return GivenOptions.of(settings.plugins().options(), kind, plugin);
    }
}
