package io.fastforward.cli;

import static java.util.Objects.requireNonNullElse;

import io.fastforward.checkpoint.ShutdownHook;
import io.fastforward.prune.CalibrationTarget;
import io.fastforward.record.PruneResult;
import io.fastforward.record.RunRecord;
import io.fastforward.report.VariantTable;
import io.fastforward.run.Demo;
import io.fastforward.run.PruneRequest;
import io.fastforward.run.PruneRun;
import io.fastforward.settings.BudgetSettings;
import io.fastforward.settings.PruneSettings;
import io.fastforward.settings.Recipe;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The main job: from a checkpoint to a smaller one. */
@Command(
        name = "prune",
        description = "Prunes a checkpoint: scores its units, searches how much each layer may keep, repairs the rest.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  fastforward prune --demo",
            "  fastforward prune MODEL_DIR --sparsity 0.3 --calibration text.txt --output OUT_DIR",
            "  fastforward prune MODEL_DIR --sparsity 0.2,0.3,0.5 --calibration text.txt --output OUT_DIR",
            "  fastforward prune MODEL_DIR --sparsity 0.3 --calibration text.txt --format gguf --dtype F16 --output OUT_DIR"
        },
        mixinStandardHelpOptions = true,
        sortOptions = false,
        usageHelpAutoWidth = true)
final class PruneCommand implements Runnable {

    @Mixin
    private PlaceOptions places;

    @Option(
            names = "--recipe",
            paramLabel = "NAME|FILE",
            description = "Settings to begin with, all of which other options replace; 'recipes' lists them; default:"
                    + " ${bundle:default.recipe}.")
    private @Nullable String recipe;

    @Mixin
    private BudgetOptions budget;

    @Mixin
    private PluginOptions plugins;

    @Mixin
    private SearchOptions search;

    @Mixin
    private PriorOptions prior;

    @Option(
            names = "--repair-target",
            paramLabel = "TARGET",
            description = "What calibrated modules reproduce: their own dense output on the pruned prefix, the dense"
                    + " model's, or that and what the residual stream lacks besides (${COMPLETION-CANDIDATES});"
                    + " default: ${bundle:default.repair.target}.")
    private @Nullable CalibrationTarget target;

    @Option(names = "--seed", paramLabel = "N", description = "Of everything random; default: ${bundle:default.seed}.")
    private @Nullable Long seed;

    @Mixin
    private TextOptions texts;

    @Mixin
    private WindowOptions windows;

    @Mixin
    private TaskOptions tasks;

    @Option(names = "--compare-uniform", description = "Report on uniform pruning as well.")
    private boolean compareUniform;

    @Mixin
    private ExportOptions export;

    @Mixin
    private CommonOptions common;

    @Mixin
    private ComputeOptions compute;

    @Override
    public void run() {
        boolean several = budget.sparsity != null && budget.sparsity.several();
        if (several) {
            places.requireSearch();
        }
        Optional<Demo> demo = places.demo();
        PruneRequest.Files files = places.files(demo, tasks);
        if (demo.isEmpty()) {
            places.requireGoal(budget.sparsity);
        }
        Path output = demo.map(Demo::output).orElseGet(places::output);
        List<PruneSettings> sizes = settings(base(demo.isPresent() ? Demo.settings() : PruneSettings.DEFAULT));
        if (several) {
            PruneSizes all = new PruneSizes(
                    output,
                    sizes.stream().map(size -> ofSeveral(files, output, size)).toList(),
                    common);
            demo.ifPresent(Demo::unpack);
            all.run();
        } else {
            run(demo, request(files, sizes.getFirst(), output, places.record().directory(output)));
        }
    }

    private void run(Optional<Demo> demo, PruneRequest request) {
        PruneRun run = new PruneRun(request, common.loadPlugins(), Console.of(common.json));
        demo.ifPresent(Demo::unpack);
        PruneResult result;
        try (ShutdownHook ignored = InterruptionNotice.about(request.runDirectory())) {
            result = run.execute();
        }
        common.print(result, out -> print(result, request, out));
    }

    private PruneRequest ofSeveral(PruneRequest.Files files, Path output, PruneSettings size) {
        Path own = PruneSizes.output(output, size.budget().sparsity());
        return request(files, size, own, places.record().ofSeveral(own));
    }

    private PruneRequest request(PruneRequest.Files files, PruneSettings settings, Path output, Path runDirectory) {
        return new PruneRequest(
                settings,
                files,
                output,
                true,
                runDirectory,
                places.record().resume,
                compareUniform || places.isDemo(),
                compute.compute());
    }

    private PruneSettings base(PruneSettings defaults) {
        return recipe == null ? defaults : Recipe.find(recipe).applyTo(defaults);
    }

    /**
     * Those for every sparsity that was asked for.
     *
     * @param base what holds where no option says otherwise
     */
    private List<PruneSettings> settings(PruneSettings base) {
        return budget.settings(base.budget()).stream()
                .map(size -> settings(base, size))
                .toList();
    }

    private PruneSettings settings(PruneSettings base, BudgetSettings size) {
        return new PruneSettings(
                base.recipe(),
                texts.settings(base.text()),
                windows.settings(
                        base.windows(), texts.windowLength(base.windows().length())),
                plugins.settings(base.plugins()),
                size,
                prior.in(search.settings(base.search())),
                new PruneSettings.Repair(
                        requireNonNullElse(target, base.repair().target())),
                export.settings(base.export()),
                requireNonNullElse(seed, base.seed()));
    }

    private static void print(PruneResult result, PruneRequest request, PrintWriter out) {
        out.println();
        VariantTable.lines(result.variants()).forEach(out::println);
        out.println();
        out.printf(
                Locale.ROOT,
                "Removed %.2f%% of the decoder layers' linear parameters (%.2f%% of all parameters).%n",
                100 * result.sparsity(),
                100 * result.parameterSparsity());
        out.println("Pruned model: " + result.output());
        out.println("Record of the run: " + result.runDirectory());
        out.println("Report to look at: " + Path.of(result.runDirectory()).resolve(RunRecord.REPORT));
        out.println();
        out.println("Try next:");
        NextSteps.after(request, result).forEach(step -> out.println("  " + step));
    }
}
