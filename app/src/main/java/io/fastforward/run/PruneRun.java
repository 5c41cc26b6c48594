package io.fastforward.run;

import io.fastforward.checkpoint.FileHash;
import io.fastforward.failure.Failure;
import io.fastforward.forward.Decoder;
import io.fastforward.forward.LayerSource;
import io.fastforward.model.Model;
import io.fastforward.nested.NestedModel;
import io.fastforward.nested.UnitRanking;
import io.fastforward.plugin.PluginRegistry;
import io.fastforward.prune.ScoringPass;
import io.fastforward.record.ExportRecord;
import io.fastforward.record.Manifest;
import io.fastforward.record.PolicyFile;
import io.fastforward.record.PruneResult;
import io.fastforward.record.RunRecord;
import io.fastforward.record.SearchOutcome;
import io.fastforward.record.SharedStages;
import io.fastforward.report.Progress;
import io.fastforward.report.Variant;
import io.fastforward.run.stage.MeasureStage;
import io.fastforward.run.stage.RepairStage;
import io.fastforward.run.stage.RunContext;
import io.fastforward.run.stage.RunWindows;
import io.fastforward.run.stage.SampleStage;
import io.fastforward.run.stage.ScoreStage;
import io.fastforward.run.stage.WriteStage;
import io.fastforward.search.Budget;
import io.fastforward.settings.PruneSettings;
import io.fastforward.spi.model.Policy;
import io.fastforward.tokenizer.TextSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One pruning run from checkpoint to report, stage by stage: score, search, repair and write, measure. What a stage
 * finished is on disk before the next begins.
 */
public final class PruneRun {

    private final PruneRequest request;
    private final PruneSettings settings;
    private final PluginRegistry plugins;
    private final Progress shown;
    private final Optional<SharedStages> shared;
    private final ServingPlugins serving;
    private final Texts texts;
    private final CandidatePrecision precision;

    /** A run that shares nothing with others. */
    public PruneRun(PruneRequest request, PluginRegistry plugins, Progress shown) {
        this(request, plugins, shown, Optional.empty());
    }

    /**
     * A run that has not begun.
     *
     * @param shared stages that it takes from other runs, and leaves for them
     * @throws Failure if a plugin is not to be had or does not know an option
     */
    public PruneRun(PruneRequest request, PluginRegistry plugins, Progress shown, Optional<SharedStages> shared) {
        this.request = request;
        this.settings = request.settings();
        this.plugins = plugins;
        this.shown = shown;
        this.shared = shared;
        this.serving = new ServingPlugins(plugins, settings);
        this.texts = Texts.of(request.files());
        this.precision =
                request.files().policy().isPresent() ? CandidatePrecision.single() : serving.candidatePrecision();
    }

    /**
     * Checks that it can write where it is to. {@link #execute} does so, too.
     *
     * @throws Failure if not
     */
    public void requireDestination() {
        new Destination(request).requireUsable();
    }

    /** Does everything. What the user may have got wrong is checked before anything is written. */
    public PruneResult execute() {
        Destination destination = new Destination(request);
        destination.requireUsable();
        texts.requireStreamsOfTheirOwn();
        RecordedRun recorded = new RecordedRun(
                plugins, request.compute(), request.files().model(), request.runDirectory(), request.resume(), shown);
        return recorded.open(precision, (backend, candidates, algebra, model, resume) -> {
            RunPlan plan = RunPlan.of(request, serving, texts, model, candidates);
            Destination.requireRoomToSpill(request.runDirectory(), plan.memory().spilledBytes());
            Policy likely = plan.likely(settings.budget().sparsity());
            destination.requireRoom(
                    serving.form().weightBytes(model, NestedModel.pruned(serving.repaired(plan.spec()), likely)));
            model.requireFinite(settings.export().dataType());
            return recorded.record(
                    manifest(model, candidates, candidates.deviceWith(backend), plan.windows()),
                    resume,
                    PruneResult.class,
                    record -> !request.keepOutput() || record.holdsOutput(request.output()),
                    (record, progress) -> {
                        model.remarks().forEach(progress::note);
                        plan.describe(progress);
                        candidates.describe(progress);
                        RunContext run =
                                new RunContext(backend, algebra, model, plan.spec(), plan.memory(), record, progress);
                        progress.note(PlannedTime.ofPruning(request, serving, plan, candidates, run)
                                .describe());
                        return run(plan, candidates, run);
                    },
                    record -> complete(record, model));
        });
    }

    private PruneResult run(RunPlan plan, CandidateBackend candidates, RunContext run) {
        RunWindows windows = plan.windows();
        Budget budget = plan.budget();
        MeasureStage measure = new MeasureStage(run, budget, windows.evaluation(), plan.questions());
        RepairStage repair = new RepairStage(run, serving.repair(), windows.repair());
        ScoringPass.Wanted wanted = plan.wanted(serving, settings.budget().sparsity());
        StageSources sources = StageSources.of(shared, plan, run, plugins);
        UnitRanking ranking = new ScoreStage(
                        run,
                        settings.plugins().criterion(),
                        wanted,
                        sources.ranking(serving.criterionIdentity(), wanted),
                        new PlannedProbing(request, serving, plan, run))
                .execute(windows.scoring());
        NestedModel nested = new NestedModel(run.spec(), run.model(), ranking.order());
        NestedModel repaired = serving.repaired(nested);
        try (LayerSource layers = run.layers(run.spec(), nested);
                Decoder decoder = run.decoder(layers, run.model().ends())) {
            List<Variant> variants = new ArrayList<>();
            variants.add(measure.dense(
                    decoder,
                    sources.dense(
                            ranking,
                            texts.tasks().map(TextSource::hash),
                            request.files().mostTasks())));
            Optional<SearchOutcome> found = plan.given().isPresent()
                    ? Optional.empty()
                    : Optional.of(new PruneSearch(request, serving, plan, candidates, run)
                            .execute(decoder, nested, ranking, repair, repaired));
            Policy policy = found.map(SearchOutcome::policy).or(plan::given).orElseThrow();
            byte[] policyFile = PolicyFile.bytes(policy, run.spec(), budget.sparsity(policy));
            run.record().savePolicy(policyFile);
            if (request.compareUniform() && budget.removedParameters(policy) > 0) {
                Policy uniform = plan.uniform(settings.budget().sparsity());
                variants.add(measure.cut("uniform", decoder, uniform));
                variants.add(measure.repaired("uniform" + repaired(), repair, repaired, uniform));
            }
            String name = found.isPresent() ? settings.plugins().agent() : "given policy";
            variants.add(measure.cut(name, decoder, policy));
            ExportRecord written = new WriteStage(run, repair, serving.form(), request.output())
                    .execute(repaired, policy, policyFile, windows.evaluation());
            String last = name + repaired();
            variants.add(measure.written(last, serving.form().format(), request.output(), repaired, policy)
                    .orElseGet(() -> measure.repaired(last, repair, repaired, policy)));
            PruneResult result = new PruneResult(
                    policy,
                    found.isPresent() ? settings.budget().sparsity() : budget.sparsity(policy),
                    budget.sparsity(policy),
                    (double) budget.removedParameters(policy) / run.spec().parameters(),
                    found.map(SearchOutcome::summary).orElse(null),
                    variants,
                    written.repairs(),
                    written.reloadDifference(),
                    windows.texts(),
                    windows.heldOut(),
                    plan.warnings(),
                    run.model().remarks(),
                    new SampleStage(run, windows.evaluation())
                            .execute(layers, serving.form().format(), request.output()),
                    request.output().toString(),
                    run.record().path().toString());
            run.record().saveResult(result);
            return result;
        }
    }

    private void complete(RunRecord record, Model model) {
        if (request.keepOutput()) {
            ModelDescription.write(record.path(), model, serving.form().format(), request.output());
        } else {
            record.export().ifPresent(written -> written.deleteFrom(request.output()));
        }
    }

    private String repaired() {
        return " + " + settings.plugins().calibrator();
    }

    private Manifest manifest(Model model, CandidateBackend candidates, String device, RunWindows windows) {
        Map<String, FileHash> files = texts.hashes(windows);
        request.files().policy().ifPresent(file -> files.put("policy", FileHash.of(file)));
        request.files()
                .warmStart()
                .ifPresent(from -> files.put("warm start", FileHash.of(RunRecord.searchStateFile(from))));
        return Manifest.begin(
                "prune",
                settings.evaluatingIn(candidates.precision())
                        .in(serving.form().format().demands(model.spec()))
                        .toJson(),
                model.checkpoint().hashes(),
                files,
                device,
                serving.describe(),
                Versions.current());
    }
}
