package io.fastforward.cli;

import static java.util.Objects.requireNonNullElse;

import io.fastforward.evaluate.ChoiceAccuracy;
import io.fastforward.evaluate.Perplexity;
import io.fastforward.report.Progress;
import io.fastforward.report.VariantTable;
import io.fastforward.report.ZeroShotTable;
import io.fastforward.run.Compute;
import io.fastforward.run.EvaluateRun;
import io.fastforward.settings.PruneSettings;
import io.fastforward.zeroshot.ZeroShotScores;
import io.fastforward.zeroshot.ZeroShotSuite;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Measures the perplexity of a checkpoint, dense or pruned. */
@Command(
        name = "evaluate",
        description = {
            "Measures the perplexity of a checkpoint, dense or pruned, over non-overlapping windows of a text,",
            "its accuracy on multiple-choice questions, or both."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  fastforward evaluate MODEL_DIR --text text.txt",
            "  fastforward evaluate MODEL_DIR --suite zero-shot --tasks DIR --most-tasks 200"
        },
        mixinStandardHelpOptions = true)
final class EvaluateCommand implements Runnable {

    @Parameters(paramLabel = "MODEL_DIR", description = "Checkpoint directory.")
    private Path directory;

    @Option(
            names = "--text",
            paramLabel = "FILE",
            description = "Text in UTF-8, plain or JSON lines, perhaps gzipped; - is standard input.")
    private @Nullable Path text;

    @Mixin
    private TextOptions texts;

    @Option(names = "--windows", paramLabel = "N", description = "Most windows to evaluate; default: all.")
    private @Nullable Integer windows;

    @Mixin
    private TaskOptions tasks;

    @Mixin
    private SuiteOptions suite;

    @Option(
            names = "--repeat",
            paramLabel = "N",
            description = "Measure N times and report the median speed; default: 1.")
    private @Nullable Integer repeat;

    @Spec
    private CommandSpec command;

    @Mixin
    private CommonOptions common;

    @Mixin
    private ComputeOptions compute;

    @Mixin
    private PrecisionOptions precision;

    @SuppressWarnings("NullAway.Init") // picocli fills in the fields
    EvaluateCommand() {}

    @Override
    public void run() {
        Progress progress = Console.of(common.json);
        Compute using = compute.compute();
        Optional<ZeroShotSuite.Wanted> wanted = suite.wanted(tasks);
        EvaluateRun.Request request = new EvaluateRun.Request(
                directory,
                text(tasks.file().isPresent()),
                wanted.isPresent() ? Optional.empty() : tasks.file(),
                requireNonNullElse(tasks.most, 0),
                wanted,
                using,
                precision.precision);
        EvaluateRun.Evaluation evaluation = EvaluateRun.execute(request, common.loadPlugins(), progress);
        common.print(evaluation, out -> print(evaluation, using.threads(), out));
    }

    private Optional<EvaluateRun.Text> text(boolean asks) {
        if (text != null) {
            return Optional.of(new EvaluateRun.Text(
                    text,
                    texts.settings(PruneSettings.DEFAULT.text()),
                    texts.windowLength(0),
                    requireNonNullElse(windows, 0),
                    requireNonNullElse(repeat, 1)));
        }
        if (!asks) {
            throw new ParameterException(command.commandLine(), "--text FILE is missing (or --tasks FILE, or both)");
        }
        if (windows != null || repeat != null || texts.given()) {
            throw new ParameterException(
                    command.commandLine(), "options of texts, windows and repetitions need --text FILE");
        }
        return Optional.empty();
    }

    private static void print(EvaluateRun.Evaluation evaluation, int threads, PrintWriter out) {
        Perplexity perplexity = evaluation.perplexity();
        if (perplexity != null) {
            out.printf(Locale.ROOT, "perplexity    %s%n", VariantTable.significant(perplexity.perplexity()));
            out.printf(
                    Locale.ROOT,
                    "predicted     %,d tokens in %d windows of %d; the text has %,d tokens%n",
                    perplexity.predictedTokens(),
                    perplexity.windows(),
                    perplexity.windowLength(),
                    evaluation.textTokens());
        }
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
        ZeroShotScores zeroShot = evaluation.zeroShot();
        if (zeroShot != null) {
            ZeroShotTable.lines(zeroShot).forEach(out::println);
        }
        if (perplexity != null) {
            out.printf(
                    Locale.ROOT,
                    "speed         %,.0f tokens/s on %s; threads: %d%n",
                    evaluation.tokensPerSecond(),
                    evaluation.device(),
                    threads);
        }
    }
}
