package io.fastforward.run;

import io.fastforward.evaluate.ChoiceAccuracy;
import io.fastforward.evaluate.ChoiceTask;
import io.fastforward.evaluate.Perplexity;
import io.fastforward.failure.Setting;
import io.fastforward.forward.Decoder;
import io.fastforward.forward.LayerSource;
import io.fastforward.model.Model;
import io.fastforward.plugin.PluginRegistry;
import io.fastforward.report.Progress;
import io.fastforward.settings.PrecisionChoice;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.tokenizer.TextSettings;
import io.fastforward.tokenizer.TextSource;
import io.fastforward.tokenizer.TextSummary;
import io.fastforward.tokenizer.Tokenizer;
import io.fastforward.zeroshot.ZeroShotScores;
import io.fastforward.zeroshot.ZeroShotSuite;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Measures one checkpoint, with one layer in memory at a time, or all that questions are asked of if they fit. */
public final class EvaluateRun {

    private EvaluateRun() {}

    /**
     * What to measure.
     *
     * @param model checkpoint directory
     * @param text the text, if there is one
     * @param tasks multiple-choice questions of our own format
     * @param mostTasks most of them; 0: all
     * @param suite tasks of the literature
     * @param compute what it may compute with
     * @param precision of products
     */
    public record Request(
            Path model,
            Optional<Text> text,
            Optional<Path> tasks,
            int mostTasks,
            Optional<ZeroShotSuite.Wanted> suite,
            Compute compute,
            PrecisionChoice precision) {

        public Request {
            Setting.MOST_TASKS.requireAtLeast(0, mostTasks);
        }
    }

    /**
     * What to measure on a text.
     *
     * @param file the text
     * @param settings how it is read
     * @param windowLength tokens of a window; 0: 2048 or the model's context if that is shorter
     * @param windows most windows; 0: all
     * @param repeat how often to measure the speed
     */
    public record Text(Path file, TextSettings settings, int windowLength, int windows, int repeat) {

        public Text {
            Setting.MOST_WINDOWS.requireAtLeast(0, windows);
            Setting.REPEAT.requireAtLeast(1, repeat);
        }
    }

    /**
     * What was measured.
     *
     * @param model checkpoint directory
     * @param parameters all parameters of the model
     * @param text what was read of the text, if there was one
     * @param textTokens tokens of the text
     * @param perplexity perplexity, with the counts behind it
     * @param tokensPerSecond median over the repetitions
     * @param accuracy on questions of our own format, if there were any
     * @param zeroShot on tasks of the literature, if there were any
     * @param precision of the products: f32 or bf16
     * @param device what computed
     * @param remarks what is odd about the checkpoint, a line each
     */
    public record Evaluation(
            String model,
            long parameters,
            @Nullable TextSummary text,
            @Nullable Integer textTokens,
            @Nullable Perplexity perplexity,
            @Nullable Double tokensPerSecond,
            @Nullable ChoiceAccuracy accuracy,
            @Nullable ZeroShotScores zeroShot,
            String precision,
            String device,
            List<String> remarks) {}

    /** What is read before a device is looked for. */
    private record Sources(Optional<TextSource> text, Optional<TextSource> tasks, Optional<ZeroShotSuite> suite) {}

    /** Measures. */
    public static Evaluation execute(Request request, PluginRegistry plugins, Progress progress) {
        Sources sources = new Sources(
                request.text().map(text -> TextSource.text(text.file())),
                request.tasks().map(Texts::tasks),
                request.suite().map(ZeroShotSuite::read));
        Texts.requireStreamsOfTheirOwn(Map.of(Setting.TEXT, sources.text(), Setting.TASKS, sources.tasks()));
        return Devices.run(plugins, request.compute(), progress, (device, takesOver) -> {
            try (PreciseBackend chosen = PreciseBackend.open(request.precision(), device)) {
                chosen.describe(progress);
                return execute(request, sources, chosen.backend(), progress);
            }
        });
    }

    private static Evaluation execute(Request request, Sources sources, ComputeBackend backend, Progress progress) {
        try (Model model = Model.open(request.model())) {
            model.remarks().forEach(progress::note);
            Optional<TextFigures.Prepared> text;
            AskedQuestions asked;
            // Its process ends here: it has nothing to do while the model is measured.
            try (Tokenizer tokenizer =
                    Tokenizer.open(request.model(), model.spec().vocabularySize())) {
                text = request.text()
                        .map(wanted ->
                                TextFigures.Prepared.of(wanted, sources.text().orElseThrow(), model, tokenizer));
                asked = new AskedQuestions(
                        sources.tasks()
                                .map(file -> ChoiceAccuracy.Questions.tokenize(
                                        ChoiceTask.read(file, orAll(request.mostTasks())), tokenizer)),
                        sources.suite()
                                .map(suite -> AskedQuestions.Suite.tokenize(
                                        suite, tokenizer, model.spec().contextLength())));
            }
            Optional<TextFigures> figures = text.map(prepared -> onText(request, prepared, model, backend, progress));
            AskedQuestions.Answers answers = asked.ask(request.compute(), model, backend, progress);
            return new Evaluation(
                    request.model().toString(),
                    model.spec().parameters(),
                    figures.map(TextFigures::summary).orElse(null),
                    figures.map(TextFigures::tokens).orElse(null),
                    figures.map(TextFigures::perplexity).orElse(null),
                    figures.map(TextFigures::tokensPerSecond).orElse(null),
                    answers.accuracy(),
                    answers.zeroShot(),
                    backend.precision().label(),
                    backend.device(),
                    model.remarks());
        }
    }

    private static TextFigures onText(
            Request request, TextFigures.Prepared text, Model model, ComputeBackend backend, Progress progress) {
        try (LayerSource layers = LayerSource.streamed(backend, model.spec(), model);
                Decoder decoder = new Decoder(
                        backend, layers, model.ends(), request.compute().memoryBytes() / 4)) {
            return text.measure(request.model(), model, decoder, progress);
        }
    }

    private static int orAll(int limit) {
        return limit == 0 ? Integer.MAX_VALUE : limit;
    }
}
