package io.fastforward.cli;

import static java.util.Objects.requireNonNullElse;

import io.fastforward.checkpoint.ShutdownHook;
import io.fastforward.evaluate.ZeroShares;
import io.fastforward.evaluate.ZeroShares.MapZeros;
import io.fastforward.prune.LayerInput;
import io.fastforward.record.RunRecord;
import io.fastforward.record.ShareChoice;
import io.fastforward.record.SparsifyResult;
import io.fastforward.report.VariantTable;
import io.fastforward.run.SparsifyRequest;
import io.fastforward.run.SparsifyRun;
import io.fastforward.settings.SparsifySettings;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.DoubleSummaryStatistics;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Zeros in place: from a checkpoint to one of the same shape. */
@Command(
        name = "sparsify",
        description = {
            "Sets weights of a checkpoint to zero, anywhere or in groups (2:4, 4:8); shapes stay, so it loads as before.",
            "It is smaller or faster only where a runtime makes use of zeros; 'prune' gives models that are."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  fastforward sparsify MODEL_DIR --pattern 2:4 --calibration text.txt --output OUT_DIR",
            "  fastforward sparsify MODEL_DIR --method wanda --pattern 0.5 --agent ppo --calibration text.txt --output OUT_DIR"
        },
        mixinStandardHelpOptions = true,
        sortOptions = false,
        usageHelpAutoWidth = true)
final class SparsifyCommand implements Runnable {

    private static final SparsifySettings BASE = SparsifySettings.DEFAULT;

    @Parameters(
            paramLabel = "MODEL_DIR",
            description = "Hugging Face checkpoint directory: config.json, tokenizer.json, safetensors.")
    private Path model;

    @Option(
            names = "--pattern",
            paramLabel = "SHARE|N:M",
            required = true,
            description =
                    "How many weights of a map are zero: a share, as 0.5; or all but N of every M consecutive ones"
                            + " of a row, as 2:4. With --agent, in the mean of all maps.")
    private String pattern;

    @Option(
            names = "--method",
            paramLabel = "ID",
            description = "Chooses the zeros, and what becomes of the rest; 'plugins' lists all sparsifiers; default:"
                    + " ${bundle:sparsify.method}.")
    private @Nullable String method;

    @Option(
            names = "--option",
            paramLabel = "sparsifier.NAME=VALUE",
            description = "An option of the method, or of agent.NAME; the command 'plugins' lists them.")
    private List<String> options = List.of();

    @Option(
            names = "--refit",
            paramLabel = "N",
            description = "Afterwards, fit the weights that are left to the dense outputs, by N iterations of least"
                    + " squares; 20 are enough; default: ${bundle:sparsify.refit}.")
    private @Nullable Integer refit;

    @Option(
            names = "--layer-input",
            paramLabel = "INPUT",
            description = "What every layer sees while it is done (${COMPLETION-CANDIDATES}): what the sparse layers"
                    + " before it make, or the dense ones; default: ${bundle:sparsify.layerInput}.")
    private @Nullable LayerInput layerInput;

    @Option(
            names = "--layers-at-once",
            paramLabel = "N",
            defaultValue = "1",
            description =
                    "Layers that are done at a time, each in memory of its own; the result is the same. More than one"
                            + " needs --layer-input dense-model, or a method that looks at no text; default: ${DEFAULT-VALUE}.")
    private int layersAtOnce;

    @Mixin
    private ShareSearchOptions search;

    @Option(
            names = "--calibration",
            paramLabel = "FILE",
            required = true,
            description = "Text to learn from, in UTF-8: plain or JSON lines, perhaps gzipped; - is standard input.")
    private Path calibration;

    @Option(
            names = "--evaluation",
            paramLabel = "FILE",
            description = "Text that figures are reported on; default: the last tenth of the calibration text, which"
                    + " is then used for nothing else.")
    private @Nullable Path evaluation;

    @Option(
            names = "--output",
            paramLabel = "DIR",
            required = true,
            description = "Where the sparse checkpoint goes; must be empty.")
    private Path output;

    @Mixin
    private RecordOptions record;

    @Option(names = "--seed", paramLabel = "N", description = "Of everything random; default: ${bundle:sparsify.seed}.")
    private @Nullable Long seed;

    @Mixin
    private TextOptions texts;

    @Option(
            names = "--calibration-windows",
            paramLabel = "N",
            description = "Windows to learn from; default: ${bundle:sparsify.windows.calibration}.")
    private @Nullable Integer windows;

    @Option(names = "--window-starts", paramLabel = "FILE", description = WindowStarts.DESCRIPTION)
    private @Nullable Path starts;

    @Option(
            names = "--evaluation-windows",
            paramLabel = "N",
            description = "Most windows that figures are reported on; default: ${bundle:sparsify.windows.evaluation}.")
    private @Nullable Integer evaluationWindows;

    @Mixin
    private TaskOptions tasks;

    @Mixin
    private ExportOptions export;

    @Mixin
    private CommonOptions common;

    @Mixin
    private ComputeOptions compute;

    @SuppressWarnings("NullAway.Init") // picocli fills in the fields
    SparsifyCommand() {}

    @Override
    public void run() {
        SparsifyRequest request = new SparsifyRequest(
                settings(),
                model,
                calibration,
                Optional.ofNullable(evaluation),
                tasks.file(),
                requireNonNullElse(tasks.most, Integer.MAX_VALUE),
                output,
                record.directory(output),
                record.resume,
                compute.compute(),
                layersAtOnce);
        SparsifyRun run = new SparsifyRun(request, common.loadPlugins(), Console.of(common.json));
        SparsifyResult result;
        try (ShutdownHook ignored = InterruptionNotice.about(request.runDirectory())) {
            result = run.execute();
        }
        common.print(result, out -> print(result, out));
    }

    private SparsifySettings settings() {
        Map<String, String> all = new HashMap<>(BASE.options());
        all.putAll(OptionValues.of(options));
        return new SparsifySettings(
                texts.settings(BASE.text()),
                new SparsifySettings.Windows(
                        texts.windowLength(BASE.windows().length()),
                        requireNonNullElse(windows, BASE.windows().calibration()),
                        search.windows().reward(BASE.windows().reward()),
                        search.windows().finalists(BASE.windows().finalists()),
                        requireNonNullElse(evaluationWindows, BASE.windows().evaluation()),
                        starts == null ? BASE.windows().starts() : WindowStarts.read(starts)),
                requireNonNullElse(method, BASE.method()),
                all,
                pattern,
                search.settings(),
                requireNonNullElse(refit, BASE.refit()),
                requireNonNullElse(layerInput, BASE.layerInput()),
                export.settings(BASE.export()),
                requireNonNullElse(seed, BASE.seed()));
    }

    private static void print(SparsifyResult result, PrintWriter out) {
        out.println();
        VariantTable.lines(result.variants(), "zeros").forEach(out::println);
        out.println();
        ZeroShares zeros = result.zeros();
        out.printf(
                Locale.ROOT,
                "%.2f%% of the weights of the layers' linear maps are zero; %s%n",
                100 * zeros.share(),
                spread(result));
        out.println("Sparse model: " + result.output());
        out.println("Record of the run: " + result.runDirectory());
        out.println("Report to look at: " + Path.of(result.runDirectory()).resolve(RunRecord.REPORT));
        out.println();
        out.println("Try next:");
        out.println("  " + ShellCommand.of(List.of("inspect", result.output(), "--zeros")));
        out.println("  " + ShellCommand.of(List.of("generate", result.output(), "--prompt", "Once upon a time")));
    }

    /** Where they are. */
    private static String spread(SparsifyResult result) {
        ZeroShares zeros = result.zeros();
        String where;
        if (!zeros.patterns().isEmpty()) {
            where = "the pattern " + zeros.patterns().getFirst() + " holds in every map";
        } else if (result.search() == null) {
            where = "the pattern does not hold";
        } else {
            DoubleSummaryStatistics shares =
                    zeros.maps().stream().mapToDouble(MapZeros::share).summaryStatistics();
            where = String.format(
                    Locale.ROOT, "from %.1f%% to %.1f%% of a map", 100 * shares.getMin(), 100 * shares.getMax());
        }
        ShareChoice choice = result.choice();
        return choice == null || !choice.uniform() ? where : where + "; " + comparison(choice);
    }

    private static String comparison(ShareChoice choice) {
        return Double.isNaN(choice.foundLoss())
                ? "the search found nothing better than as many everywhere"
                : String.format(
                        Locale.ROOT,
                        "as many everywhere is better than what the search found (perplexity %s against %s on the reward"
                                + " windows)",
                        VariantTable.significant(Math.exp(choice.uniformLoss())),
                        VariantTable.significant(Math.exp(choice.foundLoss())));
    }
}
