package io.fastforward.run;

import io.fastforward.evaluate.ChoiceAccuracy.Questions;
import io.fastforward.evaluate.ChoiceTask;
import io.fastforward.failure.Setting;
import io.fastforward.model.Model;
import io.fastforward.prune.ModulePatterns;
import io.fastforward.prune.Sparsification;
import io.fastforward.prune.SparsifyingPass;
import io.fastforward.run.stage.MemoryPlan;
import io.fastforward.run.stage.RunWindows;
import io.fastforward.search.Budget;
import io.fastforward.settings.ShareSearch;
import io.fastforward.settings.SparsifySettings;
import io.fastforward.settings.WindowSettings;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.tokenizer.Tokenizer;
import java.util.List;
import java.util.Optional;

/**
 * What weights are set to zero with, and on what, as it is known before anything is written.
 *
 * @param windows what each stage sees of the texts
 * @param questions what the models are asked
 * @param budget what a search has to meet, if there is one
 */
record SparsifyPlan(
        ComputeBackend backend,
        LinearAlgebra algebra,
        Model model,
        RunWindows windows,
        Optional<Questions> questions,
        Optional<Budget> budget) {

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
        Optional<Budget> budget =
                Optional.ofNullable(settings.search()).map(search -> budget(settings, search, serving, spec));
        Sparsification sparsification = serving.sparsification(ModulePatterns.everywhere(settings.zeros()));
        new SparsifyingPass(backend, algebra, model, sparsification, request.layersAtOnce()).requireFits();
        destination.requireRoom(serving.form().weightBytes(model, spec));
        int length = WindowSettings.length(settings.windows().length(), spec);
        requireMemory(request, serving, spec, sparsification, length);
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
            return new SparsifyPlan(backend, algebra, model, windows, questions, budget);
        }
    }

    private static Budget budget(
            SparsifySettings settings, ShareSearch search, SparsifyPlugins serving, ModelSpec spec) {
        Budget budget = search.budget(spec.modules(), ModulePatterns.units(settings.zeros()));
        double sparsity = ModulePatterns.sparsity(settings.zeros());
        budget.allowance(sparsity);
        serving.createAgent(search, budget.emptySearchSpace(sparsity, false));
        return budget;
    }

    private static void requireMemory(
            SparsifyRequest request,
            SparsifyPlugins serving,
            ModelSpec spec,
            Sparsification sparsification,
            int length) {
        SparsifySettings settings = request.settings();
        WindowSettings windows = settings.windows().asked();
        int layersAtOnce = Math.min(request.layersAtOnce(), spec.layers().size());
        long needed = MemoryPlan.sparsifying(spec, sparsification, windows.repair(), length, layersAtOnce);
        ShareSearch search = settings.search();
        if (search != null) {
            needed += MemoryPlan.watching(spec, windows.finalWindows(), length);
            needed = Math.max(needed, MemoryPlan.previewing(spec, serving.preview(search), windows, length));
        }
        MemoryPlan.require(
                needed,
                request.compute().memoryBytes(),
                layersAtOnce == 1 ? List.of() : List.of(Setting.LAYERS_AT_ONCE),
                List.of(Setting.CALIBRATION_WINDOWS, Setting.WINDOW_LENGTH));
    }
}
