package io.fastforward.cli;

import io.fastforward.export.CheckpointExport;
import io.fastforward.export.ExportFormat;
import io.fastforward.prune.CalibrationTarget;
import io.fastforward.report.VariantTable;
import io.fastforward.run.AttentionPruning;
import io.fastforward.run.Demo;
import io.fastforward.run.PruneRequest;
import io.fastforward.run.PruneResult;
import io.fastforward.run.PruneRun;
import io.fastforward.run.PruneSettings;
import io.fastforward.run.TargetRuntime;
import io.fastforward.search.Budget;
import io.fastforward.search.Constraints;
import io.fastforward.search.Schedule;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.tokenizer.TextFormat;
import io.fastforward.tokenizer.TextSettings;
import io.fastforward.tokenizer.TextSource;
import io.fastforward.tokenizer.TextUnit;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The main job: from a checkpoint to a smaller one. */
@Command(
        name = "prune",
        description = "Prunes a checkpoint: scores its units, searches how much each layer may keep, repairs the rest.",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        usageHelpAutoWidth = true)
final class PruneCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Parameters(
            paramLabel = "MODEL_DIR",
            arity = "0..1",
            description = "Hugging Face checkpoint directory: config.json, tokenizer.json, safetensors.")
    private @Nullable Path model;

    @Option(names = "--demo", description = "Prune the bundled demo model, with its texts and tasks.")
    private boolean demo;

    @Option(
            names = "--sparsity",
            paramLabel = "S",
            description = "Share of the decoder layers' linear parameters to remove, between 0 and 1.")
    private @Nullable Double sparsity;

    @Option(
            names = "--calibration",
            paramLabel = "FILE",
            description =
                    "Text for statistics, reward and calibration, in UTF-8: plain or JSON lines, perhaps gzipped; -"
                            + " is standard input.")
    private @Nullable Path calibration;

    @Option(
            names = "--evaluation",
            paramLabel = "FILE",
            description = "Text that figures are reported on; default: the last tenth of the calibration text, which"
                    + " is then used for nothing else.")
    private @Nullable Path evaluation;

    @Option(names = "--output", paramLabel = "DIR", description = "Where the pruned checkpoint goes; must be empty.")
    private @Nullable Path output;

    @Option(
            names = "--run-dir",
            paramLabel = "DIR",
            description = "Where the record of the run goes; default: the output's name with -run.")
    private @Nullable Path runDirectory;

    @Option(names = "--resume", description = "Go on with an interrupted run: same command, same result.")
    private boolean resume;

    @Option(names = "--policy", paramLabel = "FILE", description = "Use this policy.json instead of searching.")
    private @Nullable Path policy;

    @Option(
            names = "--warm-start",
            paramLabel = "RUN_DIR",
            description = "Start with the agent of an earlier search on this model, at a lower sparsity say.")
    private @Nullable Path warmStart;

    @Option(names = "--criterion", paramLabel = "ID", defaultValue = "wanda", description = "Default: wanda.")
    private String criterion;

    @Option(names = "--agent", paramLabel = "ID", defaultValue = "ppo", description = "Default: ppo.")
    private String agent;

    @Option(names = "--calibrator", paramLabel = "ID", defaultValue = "ridge", description = "Default: ridge.")
    private String calibrator;

    @Option(names = "--executor", paramLabel = "ID", defaultValue = "local", description = "Default: local.")
    private String executor;

    @Option(
            names = "--option",
            paramLabel = "KIND.NAME=VALUE",
            description = "A plugin's option, such as agent.learning-rate=3e-4; the command 'plugins' lists them.")
    private List<String> options = List.of();

    @Option(names = "--episodes", paramLabel = "N", description = "Candidates to try; default: 300, 180 for the demo.")
    private @Nullable Integer episodes;

    @Option(names = "--seed", paramLabel = "N", description = "Of everything random; default: ${DEFAULT-VALUE}.")
    private long seed = 1;

    @Option(
            names = "--mapping",
            paramLabel = "ID",
            description = "From scores to policies: shift, headroom; default: ${DEFAULT-VALUE}.")
    private String mapping = "shift";

    @Option(
            names = "--schedule",
            paramLabel = "KIND",
            description = "Curricula: ${COMPLETION-CANDIDATES}; default: ${DEFAULT-VALUE}.")
    private Schedule.Kind schedule = Schedule.DEFAULT.kind();

    @Option(
            names = "--ramp",
            paramLabel = "SHARE",
            description = "Share of the search during which the curricula rise; default: ${DEFAULT-VALUE}.")
    private double ramp = Schedule.DEFAULT.ramp();

    @Option(
            names = "--finalists",
            paramLabel = "N",
            description = "Best candidates that are compared in the end; default: ${DEFAULT-VALUE}.")
    private int finalists = 8;

    @Option(
            names = "--attention",
            paramLabel = "UNITS",
            description = "What of attention may be pruned (${COMPLETION-CANDIDATES}): whole KV groups, as many query"
                    + " heads from each group of a layer, or nothing; default: ${DEFAULT-VALUE}.")
    private AttentionPruning attention = AttentionPruning.KV_GROUP;

    @Option(
            names = "--round",
            paramLabel = "N",
            description = "Widths of pruned modules are multiples of N; default: ${DEFAULT-VALUE}.")
    private int widthMultiple = 1;

    @Option(
            names = "--skip-layers",
            paramLabel = "LAYERS",
            description = "Layers that are not pruned, such as 0,1,30-31.")
    private @Nullable String skippedLayers;

    @Option(
            names = "--target-runtime",
            paramLabel = "RUNTIME",
            description = "What the result has to run on (${COMPLETION-CANDIDATES}); any: all of them. Adds the"
                    + " constraints of that runtime; default: ${DEFAULT-VALUE}.")
    private TargetRuntime targetRuntime = TargetRuntime.HF;

    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            description = "hf: the real widths; hf-padded: the original shape, filled up with zeros, which loads"
                    + " everywhere and saves nothing; default: ${DEFAULT-VALUE}.")
    private ExportFormat format = ExportFormat.HF;

    @Option(
            names = "--min-retention",
            paramLabel = "SHARE",
            description = "Smallest share of its units that a module keeps; default: ${DEFAULT-VALUE}.")
    private double minimumRetention = Budget.DEFAULT_MINIMUM_RETENTION;

    @Option(
            names = "--target",
            paramLabel = "TARGET",
            description = "What calibrated modules reproduce: their own dense output on the pruned prefix, or the"
                    + " dense model's (${COMPLETION-CANDIDATES}); default: ${DEFAULT-VALUE}.")
    private CalibrationTarget target = CalibrationTarget.PREFIX;

    @Option(
            names = "--window",
            paramLabel = "N",
            description = "Tokens of a window; default: 2048, or the model's context if that is shorter.")
    private @Nullable Integer window;

    @Mixin
    private TextOptions texts;

    @Option(
            names = "--calibration-windows",
            paramLabel = "N",
            description = "Windows for scoring; default: ${DEFAULT-VALUE}.")
    private int calibrationWindows = 64;

    @Option(
            names = "--repair-windows",
            paramLabel = "N",
            description = "Windows for calibration; default: ${DEFAULT-VALUE}.")
    private int repairWindows = 32;

    @Option(
            names = "--reward-windows",
            paramLabel = "N",
            description = "Windows on which candidates are compared; default: ${DEFAULT-VALUE}.")
    private int rewardWindows = 16;

    @Option(
            names = "--finalist-windows",
            paramLabel = "N",
            description = "Windows on which finalists are compared; default: four times the reward windows.")
    private @Nullable Integer finalistWindows;

    @Option(
            names = "--evaluation-windows",
            paramLabel = "N",
            description = "Most windows that figures are reported on; default: ${DEFAULT-VALUE}.")
    private int evaluationWindows = 128;

    @Option(
            names = "--tasks",
            paramLabel = "FILE",
            description = "Multiple-choice questions to report on, one JSON object a line.")
    private @Nullable Path tasks;

    @Option(names = "--most-tasks", paramLabel = "N", description = "Most questions to ask; default: all.")
    private @Nullable Integer mostTasks;

    @Option(names = "--compare-uniform", description = "Report on uniform pruning as well.")
    private boolean compareUniform;

    @Option(
            names = "--dtype",
            paramLabel = "TYPE",
            description = "Data type of the result (${COMPLETION-CANDIDATES}); default: each tensor's own.")
    private @Nullable DataType dataType;

    @Mixin
    private CommonOptions common;

    @Mixin
    private CommonOptions.Shards shards;

    @Mixin
    private CommonOptions.Compute compute;

    @SuppressWarnings("NullAway.Init") // picocli fills in the fields
    PruneCommand() {}

    @Override
    public Integer call() {
        @Nullable Demo files = demo ? demo() : null;
        PruneRequest request = files == null ? request() : demoRequest(files);
        PruneRun run = new PruneRun(request, common.loadPlugins(), Console.of(common.json));
        if (files != null) {
            files.unpack();
        }
        PruneResult result;
        try (InterruptionNotice ignored = InterruptionNotice.about(request.runDirectory())) {
            result = run.execute();
        }
        PrintWriter out = spec.commandLine().getOut();
        if (common.json) {
            out.println(JsonOutput.of(result));
        } else {
            print(result, request, out);
        }
        return 0;
    }

    private PruneRequest request() {
        Path source = required(model, "MODEL_DIR (or --demo)");
        Path text = required(calibration, "--calibration FILE");
        Path target = required(output, "--output DIR");
        if (sparsity == null && policy == null) {
            throw usage("--sparsity S is missing (or --policy FILE)");
        }
        if (sparsity != null && policy != null) {
            throw usage("--policy FILE says what to remove; leave out --sparsity");
        }
        return request(
                source,
                text,
                Optional.ofNullable(evaluation),
                Optional.ofNullable(tasks),
                target,
                sparsity == null ? 0.5 : sparsity,
                window == null ? 0 : window,
                texts.settings(TextUnit.FILE),
                mostTasks == null ? Integer.MAX_VALUE : mostTasks,
                episodes == null ? 300 : episodes,
                compareUniform);
    }

    private Demo demo() {
        if (model != null || calibration != null) {
            throw usage("--demo brings its own model and texts; leave out MODEL_DIR and --calibration");
        }
        Demo files = output == null ? Demo.inCurrentDirectory(resume) : new Demo(output);
        files.requireOwnDirectory();
        return files;
    }

    private PruneRequest demoRequest(Demo files) {
        return request(
                files.model(),
                files.calibrationText(),
                Optional.of(evaluation == null ? files.evaluationText() : evaluation),
                Optional.of(tasks == null ? files.tasks() : tasks),
                files.output(),
                sparsity == null ? 0.3 : sparsity,
                window == null ? 256 : window,
                texts.settings(TextUnit.LINE),
                mostTasks == null ? 100 : mostTasks,
                episodes == null ? 180 : episodes,
                true);
    }

    private PruneRequest request(
            Path source,
            Path text,
            Optional<Path> evaluationText,
            Optional<Path> taskFile,
            Path target,
            double share,
            int windowLength,
            TextSettings textSettings,
            int questions,
            int candidates,
            boolean uniform) {
        require(share > 0 && share < 1, "--sparsity must be between 0 and 1, both excluded, but is " + share);
        require(window == null || window >= 2, "--window must be at least 2, but is " + window);
        require(ramp >= 0 && ramp < 1, "--ramp must be at least 0 and less than 1, but is " + ramp);
        require(
                minimumRetention >= 0 && minimumRetention <= 1,
                "--min-retention must be from 0 to 1, but is " + minimumRetention);
        int finalistsSee = finalistWindows == null
                ? (int) Math.min(4L * positive(rewardWindows, "--reward-windows"), Integer.MAX_VALUE)
                : finalistWindows;
        require(
                finalistsSee >= rewardWindows,
                "--finalist-windows must be at least the --reward-windows, " + rewardWindows + ", but is "
                        + finalistsSee);
        PruneSettings settings = new PruneSettings(
                share,
                textSettings,
                windowLength,
                positive(calibrationWindows, "--calibration-windows"),
                positive(repairWindows, "--repair-windows"),
                positive(rewardWindows, "--reward-windows"),
                finalistsSee,
                positive(evaluationWindows, "--evaluation-windows"),
                criterion,
                agent,
                calibrator,
                executor,
                pluginOptions(),
                this.target,
                mapping,
                attention,
                new Constraints(
                        minimumRetention,
                        positive(widthMultiple, "--round"),
                        skippedLayers == null ? Set.of() : LayerRanges.parse(skippedLayers),
                        false),
                targetRuntime,
                schedule,
                ramp,
                positive(candidates, "--episodes"),
                positive(finalists, "--finalists"),
                seed,
                new CheckpointExport.Settings(format, dataType, shards.bytes()));
        return new PruneRequest(
                settings,
                source,
                text,
                evaluationText,
                taskFile,
                positive(questions, "--most-tasks"),
                Optional.ofNullable(policy),
                Optional.ofNullable(warmStart),
                target,
                runDirectory == null ? target.resolveSibling(target.getFileName() + "-run") : runDirectory,
                resume,
                uniform,
                compute.device,
                compute.threads(),
                compute.memoryBytes());
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
        out.println();
        out.println("Try next:");
        List<String> evaluate = new ArrayList<>(List.of("evaluate", result.output()));
        evaluate.addAll(text(request));
        if (request.settings().windowLength() != 0) {
            evaluate.addAll(
                    List.of("--window", String.valueOf(request.settings().windowLength())));
        }
        List<List<String>> next = List.of(
                List.of("inspect", result.output()),
                List.of("generate", request.model().toString(), result.output(), "--prompt", "Once upon a time"),
                evaluate);
        next.forEach(command -> out.println("  " + ShellCommand.of(command)));
    }

    /** The text that figures were reported on, as options of a command; a pipe is gone by then. */
    private static List<String> text(PruneRequest request) {
        Path file = request.evaluationText().orElse(request.calibrationText());
        TextSettings settings = request.settings().text();
        List<String> options =
                new ArrayList<>(List.of("--text", TextSource.text(file).isStream() ? "FILE" : file.toString()));
        if (settings.unit() != TextUnit.FILE) {
            options.addAll(List.of("--text-unit", settings.unit().name().toLowerCase(Locale.ROOT)));
        }
        if (settings.format() != TextFormat.AUTO) {
            options.addAll(List.of("--text-format", settings.format().name().toLowerCase(Locale.ROOT)));
        }
        if (!settings.field().equals(TextSettings.DEFAULT_FIELD)) {
            options.addAll(List.of("--text-field", settings.field()));
        }
        return options;
    }

    private <T> T required(@Nullable T value, String what) {
        if (value == null) {
            throw usage(what + " is missing");
        }
        return value;
    }

    private Map<String, String> pluginOptions() {
        Map<String, String> values = new HashMap<>();
        for (String option : options) {
            int equals = option.indexOf('=');
            require(equals > 0, "--option " + option + ": expected KIND.NAME=VALUE, such as agent.learning-rate=3e-4");
            String name = option.substring(0, equals);
            require(
                    values.put(name, option.substring(equals + 1)) == null,
                    "--option " + name + " should be specified only once");
        }
        return values;
    }

    private void require(boolean condition, String message) {
        if (!condition) {
            throw usage(message);
        }
    }

    private int positive(int value, String option) {
        if (value < 1) {
            throw usage(option + " must be at least 1, but is " + value);
        }
        return value;
    }

    private ParameterException usage(String message) {
        return new ParameterException(spec.commandLine(), message);
    }
}
