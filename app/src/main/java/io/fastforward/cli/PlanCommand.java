package io.fastforward.cli;

import static java.util.Objects.requireNonNullElse;

import io.fastforward.checkpoint.ShutdownHook;
import io.fastforward.record.PlanResult;
import io.fastforward.record.RunRecord;
import io.fastforward.report.Table;
import io.fastforward.report.Table.Column;
import io.fastforward.report.VariantTable;
import io.fastforward.run.PlanRequest;
import io.fastforward.run.PlanRun;
import io.fastforward.run.PruneRequest;
import io.fastforward.settings.PluginSettings;
import io.fastforward.settings.PrecisionChoice;
import io.fastforward.settings.PruneSettings;
import io.fastforward.settings.SearchPlan;
import io.fastforward.settings.WindowSettings;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What a model would be after pruning, before anybody decides how much to remove. */
@Command(
        name = "plan",
        description = {
            "Shows what a model would be after pruning to several sizes, without writing any:",
            "one pass for scores and error curves, and a few windows a size."
        },
        footerHeading = "%nExamples:%n",
        footer = {"  fastforward plan MODEL_DIR --calibration text.txt"},
        mixinStandardHelpOptions = true,
        sortOptions = false,
        usageHelpAutoWidth = true)
final class PlanCommand implements Runnable {

    private static final List<Double> SPARSITIES = List.of(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7);
    private static final PruneSettings BASE = PruneSettings.DEFAULT;

    @Parameters(paramLabel = "MODEL_DIR", description = "Hugging Face checkpoint directory.")
    private Path model;

    @Option(
            names = "--calibration",
            paramLabel = "FILE",
            required = true,
            description =
                    "Text that units are scored and sizes evaluated on, as for prune; its last tenth is not looked at.")
    private Path calibration;

    @Option(
            names = "--sparsity",
            paramLabel = "S[,S...]",
            converter = Sparsities.Converter.class,
            description =
                    "Shares of the decoder layers' linear parameters to remove; default: 0.1 to 0.7, as far as can be"
                            + " reached.")
    private @Nullable Sparsities sparsity;

    @Mixin
    private ConstraintOptions constraints;

    @Option(
            names = "--reward-after",
            paramLabel = "STEP",
            description =
                    "cut: evaluate models that are cut; repair: also after a repair, which takes as long for each size as"
                            + " prune does; default: ${bundle:default.search.rewardAfter}.")
    private SearchPlan.@Nullable RewardAfter after;

    @Option(
            names = "--precision",
            paramLabel = "auto|f32|bf16",
            description =
                    "In what precision the best of several policies is found: auto is bf16 where a trial finds that"
                            + " faster on this machine; all figures are in f32; default: ${bundle:default.search.precision}.")
    private @Nullable PrecisionChoice precision;

    @Option(
            names = "--criterion",
            paramLabel = "ID",
            description = "Scores units; default: ${bundle:default.plugins.criterion}.")
    private @Nullable String criterion;

    @Option(
            names = "--run-dir",
            paramLabel = "DIR",
            description = "Where the record of the run goes; default: the model's name with -plan, here.")
    private @Nullable Path runDirectory;

    @Option(names = "--resume", description = "Go on with an interrupted run: same command, same result.")
    private boolean resume;

    @Option(names = "--seed", paramLabel = "N", description = "Of everything random; default: ${bundle:default.seed}.")
    private @Nullable Long seed;

    @Mixin
    private TextOptions texts;

    @Mixin
    private MeasuringWindowOptions measuring;

    @Option(
            names = "--reward-windows",
            paramLabel = "N",
            description = "Windows on which sizes are evaluated; default: ${bundle:default.windows.reward}.")
    private @Nullable Integer reward;

    @Mixin
    private CommonOptions common;

    @Mixin
    private ComputeOptions compute;

    @SuppressWarnings("NullAway.Init") // picocli fills in the fields
    PlanCommand() {}

    @Override
    public void run() {
        PlanRequest request = request();
        PlanRun run = new PlanRun(request, common.loadPlugins(), Console.of(common.json));
        PlanResult result;
        try (ShutdownHook ignored = InterruptionNotice.about(request.runDirectory())) {
            result = run.execute();
        }
        common.print(result, out -> print(request, result, out));
    }

    private PlanRequest request() {
        List<Double> sparsities = sparsity == null ? SPARSITIES : sparsity.values();
        PruneRequest.Files files = new PruneRequest.Files(
                model,
                calibration,
                Optional.empty(),
                Optional.empty(),
                Integer.MAX_VALUE,
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
        Path record = requireNonNullElse(
                runDirectory, Path.of(model.toAbsolutePath().normalize().getFileName() + "-plan"));
        return new PlanRequest(
                settings(sparsities.stream()
                        .mapToDouble(Double::doubleValue)
                        .min()
                        .orElseThrow()),
                files,
                sparsities,
                sparsity != null,
                record,
                resume,
                compute.compute());
    }

    private PruneSettings settings(double least) {
        WindowSettings windows = BASE.windows();
        SearchPlan search = BASE.search();
        PluginSettings plugins = BASE.plugins();
        return new PruneSettings(
                BASE.recipe(),
                texts.settings(BASE.text()),
                new WindowSettings(
                        texts.windowLength(windows.length()),
                        measuring.scoring(windows),
                        measuring.repair(windows),
                        requireNonNullElse(reward, windows.reward()),
                        requireNonNullElse(reward, windows.reward()),
                        windows.evaluation(),
                        windows.starts()),
                new PluginSettings(
                        requireNonNullElse(criterion, plugins.criterion()),
                        plugins.agent(),
                        plugins.calibrator(),
                        plugins.executor(),
                        plugins.options()),
                constraints.settings(BASE.budget(), least),
                search.evaluating(requireNonNullElse(after, search.rewardAfter()))
                        .evaluatingIn(requireNonNullElse(precision, search.precision())),
                BASE.repair(),
                BASE.export(),
                requireNonNullElse(seed, BASE.seed()));
    }

    private void print(PlanRequest request, PlanResult result, PrintWriter out) {
        out.println();
        boolean repaired = result.points().stream().anyMatch(point -> point.repairedPerplexity() != null);
        table(result, repaired).lines().forEach(out::println);
        out.println();
        out.printf(
                Locale.ROOT,
                "On %d windows of %d tokens of the calibration text%s.%n",
                result.windows(),
                result.windowLength(),
                repaired ? "" : ", before any repair; --reward-after repair shows what that brings back");
        if (!result.unreachable().isEmpty()) {
            out.println("Not to be reached with these constraints: "
                    + result.unreachable().stream().map(String::valueOf).collect(Collectors.joining(", ")));
        }
        out.println("Record of the run: " + result.runDirectory());
        out.println("Report to look at: " + Path.of(result.runDirectory()).resolve(RunRecord.REPORT));
        out.println();
        out.println("Try next:");
        out.println("  " + ShellCommand.of(List.of("inspect", result.runDirectory())));
        out.println("  " + ShellCommand.of(prune(request, result)));
    }

    private static Table table(PlanResult result, boolean repaired) {
        List<Column> columns = List.of(
                Column.number("removed"),
                Column.number("parameters"),
                Column.number("weights"),
                Column.number("perplexity, cut"),
                Column.number(repaired ? "repaired" : ""));
        List<List<String>> rows = new ArrayList<>();
        rows.add(row(0, result.denseParameters(), result.denseWeightBytes(), result.densePerplexity(), null));
        result.points()
                .forEach(point -> rows.add(row(
                        point.sparsity(),
                        point.parameters(),
                        point.weightBytes(),
                        point.perplexity(),
                        point.repairedPerplexity())));
        return new Table(columns, rows);
    }

    private static List<String> row(
            double sparsity, long parameters, long bytes, double perplexity, @Nullable Double repaired) {
        return List.of(
                String.format(Locale.ROOT, "%.1f%%", 100 * sparsity),
                String.format(Locale.ROOT, "%,d", parameters),
                VariantTable.megabytes(bytes),
                VariantTable.significant(perplexity),
                repaired == null ? "" : VariantTable.significant(repaired));
    }

    /** What makes the models that the table shows. */
    private List<String> prune(PlanRequest request, PlanResult result) {
        List<String> words =
                new ArrayList<>(List.of("prune", model.toString(), "--calibration", calibration.toString()));
        words.addAll(NextSteps.reading(request.settings().text()));
        words.addAll(NextSteps.window(request.settings().windows()));
        String sparsities = result.points().stream()
                .map(point -> String.valueOf(point.targetSparsity()))
                .collect(Collectors.joining(","));
        words.addAll(List.of("--sparsity", sparsities, "--output", "DIR"));
        return words;
    }
}
