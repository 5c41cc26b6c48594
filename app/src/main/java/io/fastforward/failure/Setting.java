package io.fastforward.failure;

import java.util.Arrays;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What a user can set, as messages speak of it: a message holds the setting itself, and whoever shows it says how it is
 * set there. The command line shows an option; a log and a message that nobody rewrites show its path, as
 * {@code <windows.length>}.
 */
public enum Setting {
    RECIPE("recipe"),
    TEXT_UNIT("text.unit"),
    TEXT_FORMAT("text.format"),
    TEXT_FIELD("text.field"),
    WINDOW_LENGTH("windows.length"),
    WINDOW_STARTS("windows.starts"),
    SCORING_WINDOWS("windows.scoring"),
    REPAIR_WINDOWS("windows.repair"),
    REWARD_WINDOWS("windows.reward"),
    FINALIST_WINDOWS("windows.finalists"),
    CALIBRATION_WINDOWS("windows.calibration"),
    EVALUATION_WINDOWS("windows.evaluation"),
    CRITERION("plugins.criterion"),
    AGENT("plugins.agent"),
    CALIBRATOR("plugins.calibrator"),
    EXECUTOR("plugins.executor"),
    PLUGIN_OPTIONS("plugins.options"),
    SPARSITY("budget.sparsity"),
    ATTENTION("budget.attention"),
    MINIMUM_RETENTION("budget.minimumRetention"),
    WIDTH_MULTIPLE("budget.widthMultiple"),
    KEPT_LAYERS("budget.keptLayers"),
    TARGET_RUNTIME("budget.targetRuntime"),
    MAPPING("search.mapping"),
    SCHEDULE("search.schedule"),
    RAMP("search.ramp"),
    EPISODES("search.episodes"),
    FINALISTS("search.finalists"),
    PRIOR("search.prior"),
    REWARD("search.reward"),
    REWARD_AFTER("search.rewardAfter"),
    RACE("search.race"),
    UNIFORM_FINALIST("search.uniformFinalist"),
    PRECISION("search.precision"),
    PATTERN("pattern"),
    METHOD("method"),
    LAYER_INPUT("layerInput"),
    SHARE_AGENT("search.agent"),
    SEARCH_METHOD("search.method"),
    REFIT("refit"),
    CALIBRATION_TARGET("repair.target"),
    FORMAT("export.format"),
    DATA_TYPE("export.dataType"),
    SHARD_SIZE("export.shardBytes"),
    SEED("seed"),
    CALIBRATION_TEXT("files.calibrationText"),
    EVALUATION_TEXT("files.evaluationText"),
    TEXT("files.text"),
    TASKS("files.tasks"),
    MOST_TASKS("files.mostTasks"),
    SUITE("evaluate.suite"),
    TASK_NAMES("evaluate.taskNames"),
    SHOTS("evaluate.shots"),
    REWARD_TASKS("files.rewardTasks"),
    WARM_START("files.warmStart"),
    OUTPUT("files.output"),
    RUN_DIRECTORY("files.runDirectory"),
    RESUME("run.resume"),
    JOBS("batch.jobs"),
    THREADS("compute.threads"),
    LAYERS_AT_ONCE("compute.layersAtOnce"),
    MEMORY("compute.memory"),
    MOST_WINDOWS("evaluate.windows"),
    REPEAT("evaluate.repeat"),
    WORKLOAD("worker.workload"),
    PROMPT("generate.prompt"),
    MOST_TOKENS("generate.maxTokens"),
    TEMPERATURE("generate.temperature"),
    TOP_P("generate.topP"),
    PROMPT_TOKENS("bench.promptTokens"),
    NEW_TOKENS("bench.newTokens"),
    ROUNDS("bench.rounds");

    private static final Pattern IN_MESSAGE = Pattern.compile("<[a-zA-Z]+(\\.[a-zA-Z]+)?>");
    private static final Map<String, Setting> BY_MARK =
            Arrays.stream(values()).collect(Collectors.toUnmodifiableMap(Setting::toString, setting -> setting));

    private final String path;

    Setting(String path) {
        this.path = path;
    }

    /** Where it stands in the settings. */
    public String path() {
        return path;
    }

    /** What stands in messages for the setting at a path. */
    public static String at(String path) {
        return "<" + path + ">";
    }

    /** A message in which every setting has another name. */
    public static String named(String message, Function<Setting, String> name) {
        return IN_MESSAGE.matcher(message).replaceAll(match -> {
            Setting setting = BY_MARK.get(match.group());
            return Matcher.quoteReplacement(setting == null ? match.group() : name.apply(setting));
        });
    }

    /**
     * Checks a value.
     *
     * @throws Failure of kind {@link FailureKind#USAGE} if the condition does not hold
     */
    public void require(boolean condition, String range, Object value) {
        if (!condition) {
            throw FailureKind.USAGE.failure(this + " must be " + range + ", but is " + value);
        }
    }

    /**
     * Checks a number.
     *
     * @throws Failure of kind {@link FailureKind#USAGE} if it is less
     */
    public void requireAtLeast(int least, int value) {
        require(value >= least, "at least " + least, value);
    }

    /** As it stands in messages. */
    @Override
    public String toString() {
        return at(path);
    }
}
