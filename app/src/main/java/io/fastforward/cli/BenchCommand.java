package io.fastforward.cli;

import io.fastforward.report.Table;
import io.fastforward.report.Table.Column;
import io.fastforward.report.VariantTable;
import io.fastforward.run.BenchmarkRun;
import io.fastforward.run.BenchmarkRun.Speed;
import io.fastforward.run.BenchmarkRun.Spread;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Measures speed and memory of checkpoints, side by side. */
@Command(
        name = "bench",
        description = {
            "Measures what checkpoints take, side by side: time for a prompt and for each token after it, memory and",
            "disk. Name the dense model first: the others are compared with it."
        },
        footerHeading = "%nExamples:%n",
        footer = {"  fastforward bench MODEL_DIR OUT_DIR"},
        mixinStandardHelpOptions = true)
final class BenchCommand implements Runnable {

    @Parameters(paramLabel = "MODEL_DIR", arity = "1..*", description = "Checkpoint directories, dense or pruned.")
    private List<Path> models;

    @Option(
            names = "--prompt-tokens",
            paramLabel = "N",
            description = "Tokens of the prompt; default: ${DEFAULT-VALUE}.")
    private int promptTokens = 128;

    @Option(
            names = "--new-tokens",
            paramLabel = "N",
            description = "Tokens after it, one by one; default: ${DEFAULT-VALUE}.")
    private int newTokens = 64;

    @Option(
            names = "--rounds",
            paramLabel = "N",
            description = "How often each is measured, after once to warm up; default: ${DEFAULT-VALUE}.")
    private int rounds = 5;

    @Mixin
    private CommonOptions common;

    @Mixin
    private ComputeOptions compute;

    @Mixin
    private PrecisionOptions precision;

    @SuppressWarnings("NullAway.Init") // picocli fills in the fields
    BenchCommand() {}

    @Override
    public void run() {
        BenchmarkRun.Request request = new BenchmarkRun.Request(
                models, promptTokens, newTokens, rounds, compute.compute(), precision.precision);
        List<Speed> speeds = BenchmarkRun.execute(request, common.loadPlugins(), Console.of(common.json));
        common.print(speeds, out -> {
            table(speeds).lines().forEach(out::println);
            out.println();
            out.printf(
                    Locale.ROOT,
                    "Medians of %d rounds in %s, least and most in brackets: prompts of %d tokens, %d tokens after them.%n",
                    rounds,
                    speeds.getFirst().precision(),
                    promptTokens,
                    newTokens);
            if (speeds.size() > 1) {
                out.println("× is how many times as fast as the first, by medians.");
            }
            speeds.stream()
                    .flatMap(speed -> speed.remarks().stream())
                    .distinct()
                    .forEach(out::println);
        });
    }

    private static Table table(List<Speed> speeds) {
        Speed dense = speeds.getFirst();
        return new Table(
                List.of(
                        Column.text("model"),
                        Column.number("parameters"),
                        Column.number("disk"),
                        Column.number("memory"),
                        Column.number("first token, ms"),
                        Column.number("prompt tokens/s"),
                        Column.number("×"),
                        Column.number("new tokens/s"),
                        Column.number("×")),
                speeds.stream()
                        .map(speed -> List.of(
                                speed.model(),
                                String.format(Locale.ROOT, "%,d", speed.parameters()),
                                VariantTable.megabytes(speed.diskBytes()),
                                speed.memoryBytes() == null ? "–" : VariantTable.megabytes(speed.memoryBytes()),
                                spread(speed.firstTokenSeconds(), 1000),
                                spread(speed.promptTokensPerSecond(), 1),
                                ratio(speed.promptTokensPerSecond(), dense.promptTokensPerSecond()),
                                spread(speed.newTokensPerSecond(), 1),
                                ratio(speed.newTokensPerSecond(), dense.newTokensPerSecond())))
                        .toList());
    }

    private static String spread(Spread spread, double unit) {
        return number(spread.median() * unit) + " (" + number(spread.least() * unit) + "–"
                + number(spread.most() * unit) + ")";
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, value < 100 ? "%.1f" : "%,.0f", value);
    }

    private static String ratio(Spread speed, Spread dense) {
        return String.format(Locale.ROOT, "%.2f", speed.median() / dense.median());
    }
}
