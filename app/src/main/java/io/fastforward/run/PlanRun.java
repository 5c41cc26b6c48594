package io.fastforward.run;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Setting;
import io.fastforward.forward.Decoder;
import io.fastforward.forward.LayerSource;
import io.fastforward.model.Model;
import io.fastforward.nested.NestedModel;
import io.fastforward.nested.UnitRanking;
import io.fastforward.plugin.PluginRegistry;
import io.fastforward.prune.ScoringPass;
import io.fastforward.record.Manifest;
import io.fastforward.record.PlanResult;
import io.fastforward.record.RunRecord;
import io.fastforward.record.StageSource;
import io.fastforward.report.LoggedProgress;
import io.fastforward.report.Progress;
import io.fastforward.run.stage.RepairStage;
import io.fastforward.run.stage.RepairedRewardEvaluator;
import io.fastforward.run.stage.RewardEvaluator;
import io.fastforward.run.stage.RunContext;
import io.fastforward.run.stage.ScoreStage;
import io.fastforward.search.Budget;
import io.fastforward.search.Prior;
import io.fastforward.settings.SearchPlan;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.search.TrialBatch;
import io.fastforward.spi.search.TrialExecutor;
import io.fastforward.spi.search.Workload;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Says what a model would be after pruning, before anybody decides how much to remove: scores once, works out the policies
 * that are likely to be good at every sparsity, and evaluates all of them together on a few windows.
 */
public final class PlanRun {

    private final PlanRequest request;
    private final PluginRegistry plugins;
    private final Progress shown;
    private final ServingPlugins serving;
    private final Texts texts;

    /**
     * A run that has not begun.
     *
     * @throws Failure if a plugin is not to be had, or its scores are for one size
     */
    public PlanRun(PlanRequest request, PluginRegistry plugins, Progress shown) {
        this.request = request;
        this.plugins = plugins;
        this.shown = shown;
        this.serving = new ServingPlugins(plugins, request.settings());
        if (serving.criterion().dependsOnKept()) {
            throw FailureKind.USAGE.failure(Setting.CRITERION + " "
                    + request.settings().plugins().criterion()
                    + " scores units for one size, so it cannot plan several; prune with it at each");
        }
        this.texts = Texts.of(request.files().calibrationText(), Optional.empty(), Optional.empty(), Optional.empty());
    }

    /** Does everything. What the user may have got wrong is checked before anything is written. */
    public PlanResult execute() {
        Destination.requireRecord(request.files().model(), request.runDirectory());
        boolean holdsEarlierRun = RunRecord.holdsRun(request.runDirectory());
        return Devices.run(plugins, request.compute(), shown, (backend, takesOver) -> {
            boolean goesOn = takesOver && !holdsEarlierRun && RunRecord.holdsRun(request.runDirectory());
            try (LinearAlgebra algebra =
                            Devices.linearAlgebra(plugins, request.compute().threads());
                    Model model = Model.open(request.files().model())) {
                return execute(backend, algebra, model, request.resume() || goesOn);
            }
        });
    }

    private PlanResult execute(ComputeBackend backend, LinearAlgebra algebra, Model model, boolean resume) {
        RunPlan plan = RunPlan.of(request, serving, texts, model, backend);
        List<Double> reachable = reachable(plan.budget());
        model.requireFinite(request.settings().export().dataType());
        Manifest manifest = Manifest.begin(
                "plan",
                request.settings()
                        .toJson()
                        .put("sparsities", request.sparsities().toString()),
                model.checkpoint().hashes(),
                texts.hashes(plan.windows()),
                backend.device(),
                serving.describe(),
                Versions.current());
        try (RunRecord record = RunRecord.open(request.runDirectory(), manifest, resume)) {
            Optional<PlanResult> finished = record.result(PlanResult.class);
            if (finished.isPresent()) {
                shown.note("This run is complete; nothing is left to do.");
                return finished.get();
            }
            return LoggedProgress.during(shown, record.logFile(), progress -> {
                record.workOn(backend.device()).ifPresent(progress::note);
                model.remarks().forEach(progress::note);
                progress.note(plan.memory().describe());
                return run(
                        plan,
                        reachable,
                        new RunContext(backend, algebra, model, plan.spec(), plan.memory(), record, progress));
            });
        }
    }

    private PlanResult run(RunPlan plan, List<Double> sparsities, RunContext run) {
        ScoringPass.Wanted wanted = plan.wanted(serving, request.sparsities().getFirst());
        UnitRanking ranking = new ScoreStage(run, request.settings().plugins().criterion(), wanted, StageSource.none())
                .execute(plan.windows().scoring());
        NestedModel nested = new NestedModel(run.spec(), run.model(), ranking.order());
        try (LayerSource layers = run.layers(run.spec(), nested);
                Decoder decoder = run.decoder(layers, run.model().ends())) {
            Prior prior = new Prior(plan.budget(), ranking.errors(), ranking.divergences());
            Map<Double, List<Policy>> likely = new LinkedHashMap<>();
            sparsities.forEach(sparsity -> likely.put(sparsity, prior.policies(sparsity)));
            Workload workload = plan.workload(request, run.record().model(), ranking.order());
            Losses losses = new Losses(
                    plan.budget().dense(), request.settings().windows().reward());
            Set<Policy> all = new LinkedHashSet<>();
            likely.values().forEach(all::addAll);
            run.progress().begin("Evaluating", likely.size());
            losses.evaluate(new RewardEvaluator(decoder, workload), all);
            Map<Double, Policy> chosen = new LinkedHashMap<>();
            likely.forEach((sparsity, policies) -> chosen.put(sparsity, losses.best(policies)));
            Optional<Losses> repaired = repaired(plan, run, new Evaluated(decoder, nested, workload), chosen);
            PlanResult result = new PlanResult(
                    request.settings().windows().reward(),
                    plan.windows().reward().length(),
                    Math.exp(losses.of(plan.budget().dense())),
                    run.spec().parameters(),
                    run.model().checkpoint().parameterBytes(),
                    chosen.entrySet().stream()
                            .map(point -> point(plan, run.model(), point.getKey(), point.getValue(), losses, repaired))
                            .toList(),
                    request.sparsities().stream()
                            .filter(sparsity -> !chosen.containsKey(sparsity))
                            .toList(),
                    losses.cost
                            + repaired.map(more -> more.cost).orElse(0.0)
                            + Prior.probingCost(
                                    plan.budget().modules(),
                                    wanted.probes()
                                            .map(windows -> windows.tokens().length)
                                            .orElse(0)),
                    run.model().remarks(),
                    run.record().path().toString());
            run.record().saveResult(result);
            run.progress().end(chosen.size() + " sizes, " + (all.size() + 1) + " evaluations");
            return result;
        }
    }

    /** What candidates are evaluated with. */
    private record Evaluated(Decoder decoder, NestedModel nested, Workload workload) {}

    /** The sparsities that the constraints allow. */
    private List<Double> reachable(Budget budget) {
        List<Double> reachable = new ArrayList<>();
        for (double sparsity : request.sparsities()) {
            try {
                budget.allowance(sparsity);
                reachable.add(sparsity);
            } catch (Failure e) {
                if (request.allReachable() || e.kind() != FailureKind.UNREACHABLE_SPARSITY || reachable.isEmpty()) {
                    throw e;
                }
            }
        }
        return reachable;
    }

    private Optional<Losses> repaired(RunPlan plan, RunContext run, Evaluated evaluated, Map<Double, Policy> chosen) {
        if (request.settings().search().rewardAfter() == SearchPlan.RewardAfter.CUT) {
            return Optional.empty();
        }
        RepairStage repair =
                new RepairStage(run, serving.repair(), plan.windows().repair());
        Losses losses =
                new Losses(plan.budget().dense(), request.settings().windows().reward());
        RepairedRewardEvaluator evaluator = new RepairedRewardEvaluator(
                run, evaluated.decoder(), repair, serving.repaired(evaluated.nested()), evaluated.workload());
        int done = 0;
        for (Policy policy : chosen.values()) {
            losses.evaluate(evaluator, Set.of(policy));
            run.progress().advance(++done, "sizes repaired");
        }
        return Optional.of(losses);
    }

    private PlanResult.Point point(
            RunPlan plan, Model model, double sparsity, Policy policy, Losses losses, Optional<Losses> repaired) {
        return new PlanResult.Point(
                sparsity,
                plan.budget().sparsity(policy),
                policy,
                serving.repaired(plan.spec()).pruned(policy).parameters(),
                serving.form().weightBytes(model, NestedModel.pruned(serving.repaired(plan.spec()), policy)),
                Math.exp(losses.of(policy)),
                repaired.map(more -> Math.exp(more.of(policy))).orElse(null));
    }

    /** What policies lose on the first windows. */
    private static final class Losses {

        private final Policy dense;
        private final List<Integer> windows;
        private final Map<Policy, Double> byPolicy = new LinkedHashMap<>();
        private double cost;

        Losses(Policy dense, int windows) {
            this.dense = dense;
            this.windows = IntStream.range(0, windows).boxed().toList();
        }

        void evaluate(TrialExecutor.Evaluator evaluator, Set<Policy> policies) {
            Set<Policy> missing = new LinkedHashSet<>(policies);
            missing.add(dense);
            missing.removeAll(byPolicy.keySet());
            List<Policy> candidates = new ArrayList<>(missing);
            List<TrialExecutor.Result> results = evaluator.evaluate(new TrialBatch(windows, candidates));
            for (int i = 0; i < candidates.size(); i++) {
                byPolicy.put(
                        candidates.get(i),
                        results.get(i).losses().stream()
                                .mapToDouble(Double::doubleValue)
                                .average()
                                .orElseThrow());
                cost += results.get(i).cost();
            }
        }

        double of(Policy policy) {
            return Objects.requireNonNull(byPolicy.get(policy));
        }

        Policy best(List<Policy> policies) {
            return policies.stream()
                    .min(Comparator.comparing(
                            this::of,
                            Comparator.comparing((Double loss) -> !Double.isFinite(loss))
                                    .thenComparing(Comparator.naturalOrder())))
                    .orElseThrow();
        }
    }
}
