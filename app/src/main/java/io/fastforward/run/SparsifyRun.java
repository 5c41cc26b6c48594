package io.fastforward.run;

import static java.util.Objects.requireNonNull;

import io.fastforward.failure.Failure;
import io.fastforward.forward.Decoder;
import io.fastforward.forward.LayerSource;
import io.fastforward.model.Model;
import io.fastforward.plugin.PluginRegistry;
import io.fastforward.prune.ModulePatterns;
import io.fastforward.prune.SparsifyingPass;
import io.fastforward.record.Manifest;
import io.fastforward.record.RunRecord;
import io.fastforward.record.SearchOutcome;
import io.fastforward.record.ShareChoice;
import io.fastforward.record.SparsifyResult;
import io.fastforward.report.Progress;
import io.fastforward.report.Variant;
import io.fastforward.run.stage.Figures;
import io.fastforward.run.stage.ShareChoiceStage;
import io.fastforward.run.stage.ShareSearchStage;
import io.fastforward.run.stage.SparsifyStage;
import io.fastforward.search.Budget;
import io.fastforward.settings.ShareSearch;
import io.fastforward.settings.SparsifySettings;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.format.ReadableModel;
import io.fastforward.spi.model.ModelEnds;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.model.WeightSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Sets weights of a checkpoint to zero, stage by stage: perhaps search how many where, sparsify and write, measure. The result
 * has the same shape, and loads wherever the dense model does. What a stage finished is on disk before the next begins.
 */
public final class SparsifyRun {

    private final SparsifyRequest request;
    private final SparsifySettings settings;
    private final PluginRegistry plugins;
    private final Progress shown;
    private final SparsifyPlugins serving;
    private final Texts texts;

    /**
     * A run that has not begun.
     *
     * @throws Failure if a plugin is not to be had or does not know an option, or layers depend on each other that are to be
     *     done at once
     */
    public SparsifyRun(SparsifyRequest request, PluginRegistry plugins, Progress shown) {
        this.request = request;
        this.settings = request.settings();
        this.plugins = plugins;
        this.shown = shown;
        this.serving = new SparsifyPlugins(plugins, settings);
        serving.requireLayersAtOnce(request.layersAtOnce());
        this.texts = Texts.of(request.calibrationText(), request.evaluationText(), request.tasks());
    }

    /** Does everything. What the user may have got wrong is checked before anything is written. */
    public SparsifyResult execute() {
        Destination destination = new Destination(request);
        destination.requireUsable();
        texts.requireStreamsOfTheirOwn();
        RecordedRun recorded = new RecordedRun(
                plugins, request.compute(), request.model(), request.runDirectory(), request.resume(), shown);
        return recorded.open(precision(), (backend, candidates, algebra, model, resume) -> {
            SparsifyPlan plan = SparsifyPlan.of(request, serving, texts, destination, backend, algebra, model);
            return recorded.record(
                    manifest(plan, candidates),
                    resume,
                    SparsifyResult.class,
                    record -> record.holdsOutput(request.output()),
                    (record, progress) -> {
                        model.remarks().forEach(progress::note);
                        plan.windows()
                                .texts()
                                .forEach((role, text) -> progress.note("Text for " + role + ": " + text.describe()));
                        progress.note(plan.memory()
                                .describe("sparsifying", request.compute().memoryBytes()));
                        candidates.describe(progress);
                        progress.note(plan.time(request, serving, candidates).describe());
                        return run(plan, candidates, record, progress);
                    },
                    record -> ModelDescription.write(
                            record.path(), model, serving.form().format(), request.output()));
        });
    }

    private CandidatePrecision precision() {
        return settings.search() == null
                ? CandidatePrecision.single()
                : new CandidatePrecision(settings.search().plan().precision(), "");
    }

    private Manifest manifest(SparsifyPlan plan, CandidateBackend candidates) {
        return Manifest.begin(
                "sparsify",
                settings.evaluatingIn(candidates.precision()).toJson(),
                plan.model().checkpoint().hashes(),
                texts.hashes(plan.windows()),
                candidates.deviceWith(plan.backend()),
                serving.describe(),
                Versions.current());
    }

    private SparsifyResult run(SparsifyPlan plan, CandidateBackend candidates, RunRecord record, Progress progress) {
        Model model = plan.model();
        Figures figures = new Figures(plan.windows().evaluation(), plan.questions(), progress);
        List<Variant> variants = new ArrayList<>();
        variants.add(measure("dense", 0, figures, plan.backend(), model.spec(), model, model.ends()));
        Optional<SearchOutcome> found = plan.budget().map(budget -> search(plan, candidates, budget, record, progress));
        Optional<ShareChoice> choice = found.flatMap(outcome -> choose(plan, outcome.policy(), record, progress));
        ModulePatterns patterns = choice.map(ShareChoice::policy)
                .or(() -> found.map(SearchOutcome::policy))
                .map(this::patterns)
                .orElseGet(() -> ModulePatterns.everywhere(settings.zeros()));
        SparsifyStage.Written written = new SparsifyStage(
                        record, progress, plan.backend(), model, serving.form(), request.output())
                .execute(
                        pass(plan, patterns, record),
                        patterns,
                        plan.windows(),
                        settings.evaluatingIn(candidates.precision()),
                        texts.hashes(plan.windows()),
                        Versions.current());
        String name = settings.method() + " " + settings.pattern()
                + (found.isEmpty() || choice.filter(ShareChoice::uniform).isPresent() ? "" : " searched");
        serving.form().format().open(request.output()).ifPresent(read -> {
            try (ReadableModel sparse = read) {
                double share = written.zeros().share();
                variants.add(measure(name, share, figures, plan.backend(), sparse.spec(), sparse, sparse.ends()));
            }
        });
        SparsifyResult result = new SparsifyResult(
                variants,
                written.zeros(),
                found.map(SearchOutcome::summary).orElse(null),
                choice.orElse(null),
                written.reloadDifference(),
                plan.windows().texts(),
                plan.windows().heldOut(),
                model.remarks(),
                request.output().toString(),
                record.path().toString());
        record.saveResult(result);
        return result;
    }

    private SearchOutcome search(
            SparsifyPlan plan, CandidateBackend candidates, Budget budget, RunRecord record, Progress progress) {
        ShareSearch search = requireNonNull(settings.search());
        return new ShareSearchStage(
                        record,
                        progress,
                        budget,
                        settings.forSearch(search),
                        settings.zeros(),
                        serving.preview(search),
                        request.compute().memoryBytes() / 4)
                .execute(
                        plan.backend(),
                        candidates.backend(),
                        plan.algebra(),
                        plan.model(),
                        plan.windows(),
                        search.agent(),
                        space -> serving.createAgent(search, space));
    }

    /** Unless the user wants what the search found, whatever it is. */
    private Optional<ShareChoice> choose(SparsifyPlan plan, Policy found, RunRecord record, Progress progress) {
        if (!requireNonNull(settings.search()).plan().uniformFinalist()) {
            return Optional.empty();
        }
        Budget budget = plan.budget().orElseThrow();
        return Optional.of(new ShareChoiceStage(
                        record,
                        progress,
                        plan.backend(),
                        plan.model(),
                        budget,
                        policy -> pass(plan, patterns(policy), record),
                        settings.export().dataType())
                .execute(found, budget.uniform(ModulePatterns.sparsity(settings.zeros())), plan.windows()));
    }

    private ModulePatterns patterns(Policy policy) {
        return ModulePatterns.of(settings.zeros(), policy);
    }

    private SparsifyingPass pass(SparsifyPlan plan, ModulePatterns patterns, RunRecord record) {
        return new SparsifyingPass(
                plan.backend(),
                plan.algebra(),
                plan.model(),
                serving.sparsification(patterns),
                request.layersAtOnce(),
                plan.memory().memory(request.compute().memoryBytes(), record.path()));
    }

    private Variant measure(
            String name,
            double sparsity,
            Figures figures,
            ComputeBackend backend,
            ModelSpec spec,
            WeightSource weights,
            ModelEnds ends) {
        try (LayerSource layers = LayerSource.streamed(backend, spec, weights);
                Decoder decoder =
                        new Decoder(backend, layers, ends, request.compute().memoryBytes() / 4)) {
            return figures.measure(name, decoder, spec.densePolicy(), spec.parameters(), sparsity);
        }
    }
}
