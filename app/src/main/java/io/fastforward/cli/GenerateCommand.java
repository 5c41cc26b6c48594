package io.fastforward.cli;

import io.fastforward.checkpoint.ShutdownHook;
import io.fastforward.generate.Sampling;
import io.fastforward.report.TextColumns;
import io.fastforward.run.GenerateRun;
import io.fastforward.run.GenerateRun.Continuation;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Lets a checkpoint continue a text, or two of them side by side. */
@Command(
        name = "generate",
        description = {
            "Continues a prompt with a checkpoint, dense or pruned; with two directories, shows both side by side.",
            "Greedy unless a temperature is given."
        },
        footerHeading = "%nExamples:%n",
        footer = {"  fastforward generate MODEL_DIR OUT_DIR --prompt \"Once upon a time\""},
        mixinStandardHelpOptions = true)
final class GenerateCommand implements Runnable {

    private static final int WIDTH = 100;

    @Parameters(paramLabel = "MODEL_DIR", arity = "1..2", description = "One checkpoint directory, or two to compare.")
    private List<Path> directories;

    @Option(names = "--prompt", required = true, paramLabel = "TEXT", description = "The text to continue.")
    private String prompt;

    @Option(
            names = "--max-tokens",
            paramLabel = "N",
            description = "Most tokens to generate; default: ${DEFAULT-VALUE}.")
    private int mostTokens = 100;

    @Option(
            names = "--temperature",
            paramLabel = "T",
            description = "0: always the most likely token; more: the higher, the more surprising; default: 0.")
    private double temperature;

    @Option(
            names = "--top-p",
            paramLabel = "P",
            description = "Draw from the most likely tokens that have this probability together; default: 1.")
    private double topP = 1;

    @Option(names = "--seed", paramLabel = "N", description = "Of the draws; default: ${DEFAULT-VALUE}.")
    private long seed = 1;

    @Mixin
    private CommonOptions common;

    @Mixin
    private ComputeOptions compute;

    @Mixin
    private PrecisionOptions precision;

    @SuppressWarnings("NullAway.Init") // picocli fills in the fields
    GenerateCommand() {}

    @Override
    public void run() {
        GenerateRun.Request request = new GenerateRun.Request(
                directories,
                prompt,
                mostTokens,
                new Sampling(temperature, topP),
                seed,
                compute.compute(),
                precision.precision);
        PrintWriter out = common.out();
        boolean shownAtOnce = !common.json && directories.size() == 1;
        Consumer<String> pieces = piece -> {
            out.print(piece);
            out.flush();
        };
        List<Continuation> continuations;
        try (ShutdownHook ignored = InterruptionNotice.ofText()) {
            continuations = GenerateRun.execute(
                    request,
                    common.loadPlugins(),
                    Console.of(common.json),
                    Optional.of(pieces).filter(any -> shownAtOnce));
        }
        common.print(continuations, people -> {
            Continuation first = continuations.getFirst();
            if (shownAtOnce) {
                people.printf("%n%n%s%n", facts(first));
            } else {
                Continuation last = continuations.getLast();
                TextColumns.lines(WIDTH, prompt + first.text(), prompt + last.text(), facts(first), facts(last))
                        .forEach(people::println);
            }
        });
    }

    private static String facts(Continuation continuation) {
        return String.format(
                Locale.ROOT,
                "%s: %,d parameters; %d tokens after %d of the prompt%s, %.1f tokens/s",
                continuation.model(),
                continuation.parameters(),
                continuation.tokens().size(),
                continuation.promptTokens(),
                continuation.ended() ? " (the model ended)" : "",
                continuation.tokensPerSecond());
    }
}
