package io.fastforward.run;

import static java.util.Objects.requireNonNull;

import io.fastforward.checkpoint.FileHash;
import io.fastforward.evaluate.ChoiceAccuracy.Questions;
import io.fastforward.evaluate.ChoiceTask;
import io.fastforward.failure.Failure;
import io.fastforward.failure.Setting;
import io.fastforward.forward.Decoder;
import io.fastforward.forward.LayerSource;
import io.fastforward.model.Model;
import io.fastforward.plugin.PluginRegistry;
import io.fastforward.prune.ModulePatterns;
import io.fastforward.prune.Sparsification;
import io.fastforward.prune.SparsifyingPass;
import io.fastforward.record.Manifest;
import io.fastforward.record.RunRecord;
import io.fastforward.record.SearchOutcome;
import io.fastforward.record.ShareChoice;
import io.fastforward.record.SparsifyResult;
import io.fastforward.report.LoggedProgress;
import io.fastforward.report.Progress;
import io.fastforward.report.Variant;
import io.fastforward.run.stage.Figures;
import io.fastforward.run.stage.MemoryPlan;
import io.fastforward.run.stage.RunWindows;
import io.fastforward.run.stage.ShareChoiceStage;
import io.fastforward.run.stage.ShareSearchStage;
import io.fastforward.run.stage.SparsifyStage;
import io.fastforward.search.Budget;
import io.fastforward.settings.ShareSearch;
import io.fastforward.settings.SparsifySettings;
import io.fastforward.settings.WindowSettings;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.format.ReadableModel;
import io.fastforward.spi.model.ModelEnds;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.model.WeightSource;
import io.fastforward.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

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
     * @throws Failure if a plugin is not to be had or does not know an option
     */
    public SparsifyRun(SparsifyRequest request, PluginRegistry plugins, Progress shown) {
        this.request = request;
        this.settings = request.settings();
        this.plugins = plugins;
        this.shown = shown;
        this.serving = new SparsifyPlugins(plugins, settings);
        this.texts = Texts.of(request.calibrationText(), request.evaluationText(), request.tasks());
    }

    /** What there is to work with, and on. */
    private record Work(
            ComputeBackend backend,
            LinearAlgebra algebra,
            Model model,
            RunWindows windows,
            Optional<Questions> questions,
            Optional<Budget> budget) {}

    /** Does everything. What the user may have got wrong is checked before anything is written. */
    public SparsifyResult execute() {
        Destination destination = new Destination(request);
        destination.requireUsable();
        texts.requireStreamsOfTheirOwn();
        boolean holdsEarlierRun = RunRecord.holdsRun(request.runDirectory());
        return Devices.run(plugins, request.compute(), shown, (backend, takesOver) -> {
            boolean goesOn = takesOver && !holdsEarlierRun && RunRecord.holdsRun(request.runDirectory());
            try (LinearAlgebra algebra =
                            Devices.linearAlgebra(plugins, request.compute().threads());
                    Model model = Model.open(request.model())) {
                Work work = prepare(destination, backend, algebra, model);
                return execute(work, request.resume() || goesOn);
            }
        });
    }

    /** Looks at everything that may be wrong. */
    private Work prepare(Destination destination, ComputeBackend backend, LinearAlgebra algebra, Model model) {
        ModelSpec spec = model.spec();
        serving.form().requireAccepted(model, spec);
        Optional<Budget> budget = Optional.ofNullable(settings.search()).map(search -> budget(search, spec));
        Sparsification sparsification = sparsification(ModulePatterns.everywhere(settings.zeros()));
        new SparsifyingPass(backend, algebra, model, sparsification).requireFits();
        destination.requireRoom(serving.form().weightBytes(model, spec));
        int length = WindowSettings.length(settings.windows().length(), spec);
        requireMemory(spec, sparsification, length);
        model.requireFinite(settings.export().dataType());
        // Its process ends here: it has nothing to do in the rest of the run.
        try (Tokenizer tokenizer = Tokenizer.open(request.model(), spec.vocabularySize())) {
            RunWindows windows = RunWindows.read(
                    settings.text(),
                    settings.windows().asked(),
                    settings.seed(),
                    texts.calibration(),
                    texts.evaluation(),
                    tokenizer,
                    length);
            Optional<Questions> questions = texts.tasks()
                    .map(file -> Questions.tokenize(ChoiceTask.read(file, request.mostTasks()), tokenizer));
            return new Work(backend, algebra, model, windows, questions, budget);
        }
    }

    private Budget budget(ShareSearch search, ModelSpec spec) {
        Budget budget = search.budget(spec.modules(), ModulePatterns.units(settings.zeros()));
        double sparsity = ModulePatterns.sparsity(settings.zeros());
        budget.allowance(sparsity);
        serving.createAgent(search, budget.emptySearchSpace(sparsity, false));
        return budget;
    }

    private void requireMemory(ModelSpec spec, Sparsification sparsification, int length) {
        WindowSettings windows = settings.windows().asked();
        long needed = MemoryPlan.sparsifying(spec, sparsification, windows.repair(), length);
        ShareSearch search = settings.search();
        if (search != null) {
            needed += MemoryPlan.watching(spec, windows.finalWindows(), length);
            needed = Math.max(needed, MemoryPlan.previewing(spec, serving.preview(search), windows, length));
        }
        MemoryPlan.require(
                needed, request.compute().memoryBytes(), List.of(Setting.CALIBRATION_WINDOWS, Setting.WINDOW_LENGTH));
    }

    private SparsifyResult execute(Work work, boolean resume) {
        Manifest manifest = Manifest.begin(
                "sparsify",
                settings.toJson(),
                work.model().checkpoint().hashes(),
                hashes(work.windows()),
                work.backend().device(),
                serving.describe(),
                Versions.current());
        try (RunRecord record = RunRecord.open(request.runDirectory(), manifest, resume)) {
            Optional<SparsifyResult> finished = record.result(SparsifyResult.class);
            if (finished.isPresent() && record.holdsOutput(request.output())) {
                shown.note("This run is complete; nothing is left to do.");
                return finished.get();
            }
            return LoggedProgress.during(shown, record.logFile(), progress -> {
                record.workOn(work.backend().device()).ifPresent(progress::note);
                work.model().remarks().forEach(progress::note);
                work.windows()
                        .texts()
                        .forEach((role, text) -> progress.note("Text for " + role + ": " + text.describe()));
                return run(work, record, progress);
            });
        }
    }

    private SparsifyResult run(Work work, RunRecord record, Progress progress) {
        Model model = work.model();
        Figures figures = new Figures(work.windows().evaluation(), work.questions(), progress);
        List<Variant> variants = new ArrayList<>();
        variants.add(measure("dense", 0, figures, work.backend(), model.spec(), model, model.ends()));
        Optional<SearchOutcome> found = work.budget().map(budget -> search(work, budget, record, progress));
        Optional<ShareChoice> choice = found.flatMap(outcome -> choose(work, outcome.policy(), record, progress));
        ModulePatterns patterns = choice.map(ShareChoice::policy)
                .or(() -> found.map(SearchOutcome::policy))
                .map(this::patterns)
                .orElseGet(() -> ModulePatterns.everywhere(settings.zeros()));
        SparsifyStage.Written written = new SparsifyStage(
                        record, progress, work.backend(), model, serving.form(), request.output())
                .execute(
                        pass(work, patterns),
                        patterns,
                        work.windows(),
                        settings,
                        hashes(work.windows()),
                        Versions.current());
        String name = settings.method() + " " + settings.pattern()
                + (found.isEmpty() || choice.filter(ShareChoice::uniform).isPresent() ? "" : " searched");
        serving.form().format().open(request.output()).ifPresent(read -> {
            try (ReadableModel sparse = read) {
                double share = written.zeros().share();
                variants.add(measure(name, share, figures, work.backend(), sparse.spec(), sparse, sparse.ends()));
            }
        });
        SparsifyResult result = new SparsifyResult(
                variants,
                written.zeros(),
                found.map(SearchOutcome::summary).orElse(null),
                choice.orElse(null),
                written.reloadDifference(),
                work.windows().texts(),
                work.windows().heldOut(),
                model.remarks(),
                request.output().toString(),
                record.path().toString());
        record.saveResult(result);
        return result;
    }

    private SearchOutcome search(Work work, Budget budget, RunRecord record, Progress progress) {
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
                        work.backend(),
                        work.algebra(),
                        work.model(),
                        work.windows(),
                        search.agent(),
                        space -> serving.createAgent(search, space));
    }

    /** Unless the user wants what the search found, whatever it is. */
    private Optional<ShareChoice> choose(Work work, Policy found, RunRecord record, Progress progress) {
        if (!requireNonNull(settings.search()).plan().uniformFinalist()) {
            return Optional.empty();
        }
        Budget budget = work.budget().orElseThrow();
        return Optional.of(new ShareChoiceStage(
                        record,
                        progress,
                        work.backend(),
                        work.model(),
                        budget,
                        policy -> pass(work, patterns(policy)),
                        settings.export().dataType())
                .execute(found, budget.uniform(ModulePatterns.sparsity(settings.zeros())), work.windows()));
    }

    private ModulePatterns patterns(Policy policy) {
        return ModulePatterns.of(settings.zeros(), policy);
    }

    private SparsifyingPass pass(Work work, ModulePatterns patterns) {
        return new SparsifyingPass(work.backend(), work.algebra(), work.model(), sparsification(patterns));
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

    private Sparsification sparsification(ModulePatterns patterns) {
        return new Sparsification(serving.sparsifier(), patterns, settings.layerInput(), settings.refit());
    }

    private Map<String, FileHash> hashes(RunWindows windows) {
        Map<String, FileHash> files = new TreeMap<>();
        windows.texts().forEach((role, text) -> files.put(role, text.file()));
        texts.tasks().ifPresent(file -> files.put("tasks", file.hash()));
        return files;
    }
}
