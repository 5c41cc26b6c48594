package io.fastforward.run;

import static java.util.Objects.requireNonNull;

import io.fastforward.evaluate.ChoiceAccuracy.Questions;
import io.fastforward.evaluate.ChoiceTask;
import io.fastforward.evaluate.QuestionTokens;
import io.fastforward.failure.Setting;
import io.fastforward.model.Model;
import io.fastforward.prune.ModulePatterns;
import io.fastforward.prune.Sparsification;
import io.fastforward.prune.SparsifyingPass;
import io.fastforward.run.stage.MemoryPlan;
import io.fastforward.run.stage.RunWindows;
import io.fastforward.run.stage.SpeedProbe;
import io.fastforward.run.stage.StageNeed;
import io.fastforward.run.stage.StageTimes;
import io.fastforward.run.stage.TimePlan;
import io.fastforward.search.Budget;
import io.fastforward.search.ExpectedTrials;
import io.fastforward.settings.ShareSearch;
import io.fastforward.settings.SparsifySettings;
import io.fastforward.settings.WindowSettings;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.search.PolicyAgent;
import io.fastforward.tokenizer.Tokenizer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * What weights are set to zero with, and on what, as it is known before anything is written.
 *
 * @param windows what each stage sees of the texts
 * @param questions what the models are asked
 * @param budget what a search has to meet, if there is one
 * @param memory what setting the zeros needs
 * @param trials what the search will take, if there is one
 */
record SparsifyPlan(
        ComputeBackend backend,
        LinearAlgebra algebra,
        Model model,
        RunWindows windows,
        Optional<Questions> questions,
        Optional<Budget> budget,
        StageNeed memory,
        Optional<ExpectedTrials> trials) {

    /**
     * The plan of a run on a model. Looks at everything that may be wrong.
     *
     * @throws io.fastforward.failure.Failure if the user asked for what cannot be
     */
    static SparsifyPlan of(
            SparsifyRequest request,
            SparsifyPlugins serving,
            Texts texts,
            Destination destination,
            ComputeBackend backend,
            LinearAlgebra algebra,
            Model model) {
        SparsifySettings settings = request.settings();
        ModelSpec spec = model.spec();
        serving.form().requireAccepted(model, spec);
        Optional<Budget> budget = Optional.ofNullable(settings.search()).map(search -> budget(settings, search, spec));
        Optional<ExpectedTrials> trials =
                budget.map(searched -> trials(settings, requireNonNull(settings.search()), serving, searched));
        Sparsification sparsification = serving.sparsification(ModulePatterns.everywhere(settings.zeros()));
        new SparsifyingPass(backend, algebra, model, sparsification, request.layersAtOnce()).requireFits();
        destination.requireRoom(serving.form().weightBytes(model, spec));
        int length = WindowSettings.length(settings.windows().length(), spec);
        StageNeed memory = memory(request, serving, model, sparsification, length, backend.computesInHostMemory());
        Destination.requireRoomToSpill(
                request.runDirectory(), memory.spilledBytes(request.compute().memoryBytes()));
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
            return new SparsifyPlan(backend, algebra, model, windows, questions, budget, memory, trials);
        }
    }

    private static Budget budget(SparsifySettings settings, ShareSearch search, ModelSpec spec) {
        Budget budget = search.budget(spec.modules(), ModulePatterns.units(settings.zeros()));
        double sparsity = ModulePatterns.sparsity(settings.zeros());
        budget.allowance(sparsity);
        return budget;
    }

    private static ExpectedTrials trials(
            SparsifySettings settings, ShareSearch search, SparsifyPlugins serving, Budget budget) {
        double sparsity = ModulePatterns.sparsity(settings.zeros());
        PolicyAgent agent = serving.createAgent(search, budget.emptySearchSpace(sparsity, false));
        return ExpectedTrials.of(settings.forSearch(search), agent.batchSize(), agent.episodeLimit(), 0);
    }

    /**
     * What setting the zeros needs of memory.
     *
     * @throws io.fastforward.failure.Failure if there is not enough
     */
    private static StageNeed memory(
            SparsifyRequest request,
            SparsifyPlugins serving,
            Model model,
            Sparsification sparsification,
            int length,
            boolean onHost) {
        ModelSpec spec = model.spec();
        SparsifySettings settings = request.settings();
        WindowSettings windows = settings.windows().asked();
        int layersAtOnce = Math.min(request.layersAtOnce(), spec.layers().size());
        ShareSearch search = settings.search();
        long beside = search == null ? 0 : MemoryPlan.watching(spec, windows.finalWindows(), length);
        StageNeed need = MemoryPlan.sparsifying(
                        spec, model.bytesPerWeight(), sparsification, windows, length, layersAtOnce, onHost)
                .beside(beside);
        long limit = request.compute().memoryBytes();
        need.requireWithinLimit(
                "sparsifying", limit, "another " + Setting.METHOD + " may take less (wanda, magnitude)");
        long searching = search == null ? 0 : MemoryPlan.previewing(spec, serving.preview(search), windows, length);
        MemoryPlan.require(
                Math.max(need.leastBytes() + beside, searching),
                limit,
                layersAtOnce == 1 ? List.of() : List.of(Setting.LAYERS_AT_ONCE),
                List.of(Setting.CALIBRATION_WINDOWS, Setting.WINDOW_LENGTH));
        return need;
    }

    /** About how long it takes on this machine, whose speed is measured. */
    TimePlan time(SparsifyRequest request, SparsifyPlugins serving, CandidateBackend candidates) {
        Sparsification sparsification = serving.sparsification(
                ModulePatterns.everywhere(request.settings().zeros()));
        return SpeedProbe.plan(
                backend,
                candidates.ifSeparate(),
                algebra,
                model.spec(),
                windows.repair().length(),
                speed -> time(new StageTimes(model.spec(), speed, 1, false, false), sparsification));
    }

    private TimePlan time(StageTimes times, Sparsification sparsification) {
        SequencedMap<String, Double> seconds = new LinkedHashMap<>();
        double sparsifying = times.sparsifying(windows.repair().tokens().length, sparsification);
        trials.ifPresent(some -> seconds.put(
                "the search",
                times.candidates(some, windows.reward().length(), 1) + 2 * sparsifying // and what it found, and uniform
                ));
        seconds.put("zeros", sparsifying);
        double figures = times.dense(windows.evaluation().tokens().length);
        double asked = questions
                .map(some -> times.questions(QuestionTokens.of(some.tokens()), 1))
                .orElse(0.0);
        seconds.put("figures", 2 * (figures + asked));
        return new TimePlan(seconds);
    }
}
