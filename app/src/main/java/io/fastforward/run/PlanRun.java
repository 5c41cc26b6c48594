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
import io.fastforward.record.StageSource;
import io.fastforward.report.Progress;
import io.fastforward.run.stage.RepairStage;
import io.fastforward.run.stage.RepairedRewardEvaluator;
import io.fastforward.run.stage.RewardEvaluator;
import io.fastforward.run.stage.RunContext;
import io.fastforward.run.stage.RunWindows;
import io.fastforward.run.stage.ScoreStage;
import io.fastforward.search.Budget;
import io.fastforward.search.Prior;
import io.fastforward.search.Reward;
import io.fastforward.settings.SearchPlan;
import io.fastforward.spi.backend.Precision;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.search.TrialBatch;
import io.fastforward.spi.search.TrialExecutor;
import io.fastforward.spi.search.TrialExecutor.Result;
import io.fastforward.spi.search.Workload;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;

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
        this.texts = Texts.of(request.files());
    }

    /** Does everything. What the user may have got wrong is checked before anything is written. */
    public PlanResult execute() {
        Destination.requireRecord(request.files().model(), request.runDirectory());
        RecordedRun recorded = new RecordedRun(
                plugins, request.compute(), request.files().model(), request.runDirectory(), request.resume(), shown);
        return recorded.open(serving.candidatePrecision(), (backend, candidates, algebra, model, resume) -> {
            RunPlan plan = RunPlan.of(request, serving, texts, model, candidates);
            Destination.requireRoomToSpill(request.runDirectory(), plan.memory().spilledBytes());
            List<Double> reachable = reachable(plan.budget());
            model.requireFinite(request.settings().export().dataType());
            return recorded.record(
                    manifest(model, candidates, candidates.deviceWith(backend), plan.windows()),
                    resume,
                    PlanResult.class,
                    record -> true,
                    (record, progress) -> {
                        model.remarks().forEach(progress::note);
                        progress.note(plan.memory().describe());
                        candidates.describe(progress);
                        if (repairs()) {
                            plan.warn(progress);
                        }
                        RunContext run =
                                new RunContext(backend, algebra, model, plan.spec(), plan.memory(), record, progress);
                        progress.note(PlannedTime.ofSizes(request, reachable.size(), serving, plan, candidates, run)
                                .describe());
                        return run(plan, reachable, candidates, run);
                    },
                    record -> {});
        });
    }

    private Manifest manifest(Model model, CandidateBackend candidates, String device, RunWindows windows) {
        return Manifest.begin(
                "plan",
                request.settings()
                        .evaluatingIn(candidates.precision())
                        .in(serving.form().format().demands(model.spec()))
                        .toJson()
                        .put("sparsities", request.sparsities().toString()),
                model.checkpoint().hashes(),
                texts.hashes(windows),
                device,
                serving.describe(),
                Versions.current());
    }

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

    private PlanResult run(RunPlan plan, List<Double> sparsities, CandidateBackend candidates, RunContext run) {
        ScoringPass.Wanted wanted = plan.wanted(serving, request.sparsities().getFirst());
        UnitRanking ranking = new ScoreStage(
                        run,
                        request.settings().plugins().criterion(),
                        wanted,
                        StageSource.none(),
                        new PlannedProbing(request, serving, plan, run))
                .execute(plan.windows().scoring());
        NestedModel nested = new NestedModel(run.spec(), run.model(), ranking.order());
        try (LayerSource layers = run.layers(run.spec(), nested);
                Decoder decoder = run.decoder(layers, run.model().ends())) {
            Prior prior = new Prior(plan.budget(), ranking.errors(), ranking.divergences());
            Map<Double, List<Policy>> likely = new LinkedHashMap<>();
            sparsities.forEach(sparsity -> likely.put(sparsity, prior.policies(sparsity)));
            Policy dense = plan.budget().dense();
            Set<Policy> all = new LinkedHashSet<>(Set.of(dense));
            likely.values().forEach(all::addAll);
            Workload workload = plan.workload(request, run.record().model(), ranking.order(), Precision.SINGLE);
            run.progress().begin("Evaluating", likely.size());
            Map<Policy, Result> compared = candidates.separate()
                    ? compare(
                            candidates.in(run),
                            nested,
                            plan.workload(
                                    request,
                                    run.record().model(),
                                    ranking.order(),
                                    candidates.backend().precision()),
                            all)
                    : execute(run, decoder, workload, all);
            Map<Double, Policy> chosen = new LinkedHashMap<>();
            likely.forEach((sparsity, policies) -> chosen.put(sparsity, best(policies, compared)));
            Map<Policy, Result> cut =
                    candidates.separate() ? figures(run, decoder, workload, dense, chosen.values()) : compared;
            Map<Policy, Result> repaired = repairs()
                    ? repaired(plan, run, decoder, nested, workload, new LinkedHashSet<>(chosen.values()))
                    : Map.of();
            PlanResult result = new PlanResult(
                    request.settings().windows().reward(),
                    plan.windows().reward().length(),
                    perplexity(cut, dense),
                    run.spec().parameters(),
                    run.model().checkpoint().parameterBytes(),
                    chosen.entrySet().stream()
                            .map(point -> point(plan, run.model(), point.getKey(), point.getValue(), cut, repaired))
                            .toList(),
                    request.sparsities().stream()
                            .filter(sparsity -> !chosen.containsKey(sparsity))
                            .toList(),
                    ranking.probingCost()
                            + (candidates.separate() ? Stream.of(compared, cut, repaired) : Stream.of(cut, repaired))
                                    .flatMap(results -> results.values().stream())
                                    .mapToDouble(Result::cost)
                                    .sum(),
                    run.model().remarks(),
                    run.record().path().toString());
            run.record().saveResult(result);
            run.progress().end(chosen.size() + " sizes, " + all.size() + " evaluations");
            return result;
        }
    }

    /** Evaluates policies in another precision than figures are in. */
    private Map<Policy, Result> compare(
            RunContext evaluating, NestedModel nested, Workload workload, Set<Policy> policies) {
        try (LayerSource layers = evaluating.layers(evaluating.spec(), nested);
                Decoder decoder = evaluating.decoder(layers, evaluating.model().ends())) {
            return execute(evaluating, decoder, workload, policies);
        }
    }

    private Map<Policy, Result> execute(RunContext run, Decoder decoder, Workload workload, Set<Policy> policies) {
        try (TrialExecutor executor = serving.createExecutor(
                new RewardEvaluator(decoder, workload), request.compute(), run.progress(), workload)) {
            return evaluate(executor::execute, policies);
        }
    }

    /** Evaluates once more, for people, what was chosen. */
    private Map<Policy, Result> figures(
            RunContext run, Decoder decoder, Workload workload, Policy dense, Collection<Policy> chosen) {
        Set<Policy> shown = new LinkedHashSet<>(Set.of(dense));
        shown.addAll(chosen);
        return execute(run, decoder, workload, shown);
    }

    private boolean repairs() {
        return request.settings().search().rewardAfter() == SearchPlan.RewardAfter.REPAIR;
    }

    private Map<Policy, Result> repaired(
            RunPlan plan,
            RunContext run,
            Decoder decoder,
            NestedModel nested,
            Workload workload,
            Set<Policy> policies) {
        RepairStage repair =
                new RepairStage(run, serving.repair(), plan.windows().repair());
        RepairedRewardEvaluator evaluator =
                new RepairedRewardEvaluator(run, decoder, repair, serving.repaired(nested), workload);
        Map<Policy, Result> results = new LinkedHashMap<>();
        for (Policy policy : policies) {
            results.putAll(evaluate(evaluator, Set.of(policy)));
            run.progress().advance(results.size(), "sizes repaired");
        }
        return results;
    }

    /** Evaluates policies together on the windows of a search. */
    private Map<Policy, Result> evaluate(TrialExecutor.Evaluator evaluator, Set<Policy> policies) {
        List<Integer> windows = IntStream.range(0, request.settings().windows().reward())
                .boxed()
                .toList();
        List<Policy> candidates = List.copyOf(policies);
        List<Result> results = evaluator.evaluate(new TrialBatch(windows, candidates));
        Map<Policy, Result> byPolicy = new LinkedHashMap<>();
        for (int i = 0; i < candidates.size(); i++) {
            byPolicy.put(candidates.get(i), results.get(i));
        }
        return byPolicy;
    }

    private static Policy best(List<Policy> policies, Map<Policy, Result> results) {
        return policies.stream()
                .min(Comparator.comparing(policy -> perplexity(results, policy), Reward.LEAST_LOSS_FIRST))
                .orElseThrow();
    }

    private static double perplexity(Map<Policy, Result> results, Policy policy) {
        return Math.exp(Objects.requireNonNull(results.get(policy)).losses().stream()
                .mapToDouble(Double::doubleValue)
                .average()
                .orElseThrow());
    }

    private PlanResult.Point point(
            RunPlan plan,
            Model model,
            double sparsity,
            Policy policy,
            Map<Policy, Result> cut,
            Map<Policy, Result> repaired) {
        ModelSpec written = serving.repaired(plan.spec());
        return new PlanResult.Point(
                sparsity,
                plan.budget().sparsity(policy),
                policy,
                written.pruned(policy).parameters(),
                serving.form().weightBytes(model, NestedModel.pruned(written, policy)),
                perplexity(cut, policy),
                repaired.isEmpty() ? null : Double.valueOf(perplexity(repaired, policy)));
    }
}
