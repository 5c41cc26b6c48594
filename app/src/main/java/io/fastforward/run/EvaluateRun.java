package io.fastforward.run;

import io.fastforward.evaluate.ChoiceAccuracy;
import io.fastforward.evaluate.ChoiceTask;
import io.fastforward.evaluate.Perplexity;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Setting;
import io.fastforward.forward.Decoder;
import io.fastforward.forward.LayerSource;
import io.fastforward.model.Model;
import io.fastforward.plugin.PluginRegistry;
import io.fastforward.report.Progress;
import io.fastforward.run.stage.RunWindows;
import io.fastforward.settings.WindowSettings;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.tokenizer.TextSettings;
import io.fastforward.tokenizer.TextSource;
import io.fastforward.tokenizer.TextSummary;
import io.fastforward.tokenizer.TokenWindows;
import io.fastforward.tokenizer.TokenizedText;
import io.fastforward.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Measures one checkpoint, with one layer in memory at a time. */
public final class EvaluateRun {

    private EvaluateRun() {}

    /**
     * What to measure.
     *
     * @param model checkpoint directory
     * @param text the text
     * @param textSettings how it is read
     * @param windowLength tokens of a window; 0: 2048 or the model's context if that is shorter
     * @param windows most windows; 0: all
     * @param tasks multiple-choice questions
     * @param mostTasks most questions; 0: all
     * @param repeat how often to measure the speed
     * @param compute what it may compute with
     */
    public record Request(
            Path model,
            Path text,
            TextSettings textSettings,
            int windowLength,
            int windows,
            Optional<Path> tasks,
            int mostTasks,
            int repeat,
            Compute compute) {}

    /**
     * What was measured.
     *
     * @param model checkpoint directory
     * @param parameters all parameters of the model
     * @param text what was read of the text
     * @param textTokens tokens of the text
     * @param perplexity perplexity, with the counts behind it
     * @param tokensPerSecond median over the repetitions
     * @param accuracy on the tasks, if there were any
     * @param device what computed
     * @param remarks what is odd about the checkpoint, a line each
     */
    public record Evaluation(
            String model,
            long parameters,
            TextSummary text,
            int textTokens,
            Perplexity perplexity,
            double tokensPerSecond,
            @Nullable ChoiceAccuracy accuracy,
            String device,
            List<String> remarks) {}

    /** Measures. */
    public static Evaluation execute(Request request, PluginRegistry plugins, Progress progress) {
        Setting.MOST_WINDOWS.requireAtLeast(0, request.windows());
        Setting.MOST_TASKS.requireAtLeast(0, request.mostTasks());
        Setting.REPEAT.requireAtLeast(1, request.repeat());
        TextSource source = TextSource.text(request.text());
        Optional<TextSource> tasks = request.tasks().map(Texts::tasks);
        Texts.requireStreamsOfTheirOwn(Map.of(Setting.TEXT, Optional.of(source), Setting.TASKS, tasks));
        return Devices.run(
                plugins,
                request.compute(),
                progress,
                (device, takesOver) -> execute(request, source, tasks, device.backend(), progress));
    }

    private static Evaluation execute(
            Request request, TextSource source, Optional<TextSource> tasks, ComputeBackend backend, Progress progress) {
        try (Model model = Model.open(request.model());
                LayerSource layers = LayerSource.streamed(backend, model.spec(), model);
                Decoder decoder = new Decoder(
                        backend, layers, model.ends(), request.compute().memoryBytes() / 4)) {
            model.remarks().forEach(progress::note);
            int length = WindowSettings.length(request.windowLength(), model.spec());
            TokenizedText text;
            Optional<ChoiceAccuracy.Questions> questions;
            // Its process ends here: it has nothing to do while the model is measured.
            try (Tokenizer tokenizer =
                    Tokenizer.open(request.model(), model.spec().vocabularySize())) {
                text = TokenizedText.read(source, request.textSettings(), tokenizer);
                questions = tasks.map(file -> ChoiceAccuracy.Questions.tokenize(
                        ChoiceTask.read(file, orAll(request.mostTasks())), tokenizer));
            }
            progress.note("Text: " + text.summary().describe());
            RunWindows.requireOneWindow(source, text.ids(), length);
            TokenWindows windows = TokenWindows.consecutive(text.ids(), length, orAll(request.windows()));
            progress.begin("Evaluating", request.repeat());
            List<Perplexity> measured = new ArrayList<>();
            for (int i = 0; i < request.repeat(); i++) {
                measured.add(Perplexity.measure(decoder, windows, model.spec().densePolicy()));
                progress.advance(i + 1, "passes");
            }
            Perplexity perplexity = measured.getFirst();
            if (!perplexity.isFinite()) {
                model.requireFinite(null);
                throw FailureKind.NOT_FINITE.failure(
                        request.model() + ": the perplexity is not a finite number although all weights are; the"
                                + " activations overflow");
            }
            progress.end("perplexity over " + windows.count() + " windows");
            return new Evaluation(
                    request.model().toString(),
                    model.spec().parameters(),
                    text.summary(),
                    text.ids().length,
                    perplexity,
                    medianSpeed(measured),
                    questions.isPresent() ? accuracy(questions.get(), model, decoder, progress) : null,
                    backend.device(),
                    model.remarks());
        }
    }

    private static ChoiceAccuracy accuracy(
            ChoiceAccuracy.Questions questions, Model model, Decoder decoder, Progress progress) {
        progress.begin("Asking questions", questions.sequences());
        ChoiceAccuracy accuracy =
                questions.ask(decoder, model.spec().densePolicy(), done -> progress.advance(done, "choices"));
        progress.end(accuracy.right() + " of " + accuracy.total() + " right");
        return accuracy;
    }

    private static double medianSpeed(List<Perplexity> measured) {
        return measured.stream()
                .mapToDouble(Perplexity::tokensPerSecond)
                .sorted()
                .toArray()[measured.size() / 2];
    }

    private static int orAll(int limit) {
        return limit == 0 ? Integer.MAX_VALUE : limit;
    }
}
