package io.fastforward.cli;

import static java.util.Objects.requireNonNullElse;

import io.fastforward.evaluate.ChoiceAccuracy;
import io.fastforward.evaluate.Perplexity;
import io.fastforward.report.Progress;
import io.fastforward.report.VariantTable;
import io.fastforward.run.Compute;
import io.fastforward.run.EvaluateRun;
import io.fastforward.settings.PruneSettings;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Measures the perplexity of a checkpoint, dense or pruned. */
@Command(
        name = "evaluate",
        description = {
            "Measures the perplexity of a checkpoint, dense or pruned, over non-overlapping windows of a text,",
            "and its accuracy on multiple-choice questions if there are some."
        },
        mixinStandardHelpOptions = true)
final class EvaluateCommand implements Runnable {

    @Parameters(paramLabel = "MODEL_DIR", description = "Checkpoint directory.")
    private Path directory;

    @Option(
            names = "--text",
            required = true,
            paramLabel = "FILE",
            description = "Text in UTF-8, plain or JSON lines, perhaps gzipped; - is standard input.")
    private Path text;

    @Mixin
    private TextOptions texts;

    @Option(names = "--windows", paramLabel = "N", description = "Most windows to evaluate; default: all.")
    private int windows;

    @Mixin
    private TaskOptions tasks;

    @Option(
            names = "--repeat",
            paramLabel = "N",
            description = "Measure N times and report the median speed; default: 1.")
    private int repeat = 1;

    @Mixin
    private CommonOptions common;

    @Mixin
    private ComputeOptions compute;

    @SuppressWarnings("NullAway.Init") // picocli fills in the fields
    EvaluateCommand() {}

    @Override
    public void run() {
        Progress progress = Console.of(common.json);
        Compute using = compute.compute();
        EvaluateRun.Request request = new EvaluateRun.Request(
                directory,
                text,
                texts.settings(PruneSettings.DEFAULT.text()),
                texts.windowLength(0),
                windows,
                tasks.file(),
                requireNonNullElse(tasks.most, 0),
                repeat,
                using);
        EvaluateRun.Evaluation evaluation = EvaluateRun.execute(request, common.loadPlugins(), progress);
        common.print(evaluation, out -> print(evaluation, using.threads(), out));
    }

    private static void print(EvaluateRun.Evaluation evaluation, int threads, PrintWriter out) {
        Perplexity perplexity = evaluation.perplexity();
        out.printf(Locale.ROOT, "perplexity    %s%n", VariantTable.significant(perplexity.perplexity()));
        out.printf(
                Locale.ROOT,
                "predicted     %,d tokens in %d windows of %d; the text has %,d tokens%n",
                perplexity.predictedTokens(),
                perplexity.windows(),
                perplexity.windowLength(),
                evaluation.textTokens());
        ChoiceAccuracy accuracy = evaluation.accuracy();
        if (accuracy != null) {
            out.printf(
                    Locale.ROOT,
                    "tasks         %d of %d right (%.1f%%)%n",
                    accuracy.right(),
                    accuracy.total(),
                    100 * accuracy.accuracy());
            accuracy.totalByKind()
                    .forEach((kind, total) -> out.printf(
                            Locale.ROOT,
                            "  %-11s %d of %d%n",
                            kind,
                            accuracy.rightByKind().getOrDefault(kind, 0),
                            total));
        }
        out.printf(
                Locale.ROOT,
                "speed         %,.0f tokens/s on %s; threads: %d%n",
                evaluation.tokensPerSecond(),
                evaluation.device(),
                threads);
    }
}
