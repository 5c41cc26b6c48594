package io.fastforward.settings;

import com.fasterxml.jackson.annotation.JsonSetter;
import com.fasterxml.jackson.annotation.Nulls;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fastforward.export.CheckpointExport;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Setting;
import io.fastforward.json.StrictJson;
import io.fastforward.prune.LayerInput;
import io.fastforward.prune.ModulePatterns;
import io.fastforward.search.SearchSettings;
import io.fastforward.spi.prune.Pattern;
import io.fastforward.tokenizer.TextSettings;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Everything in a user's hands that determines what becomes of a model whose weights are set to zero, beside model, texts
 * and device.
 *
 * @param text how texts are read
 * @param windows how many tokens each purpose sees
 * @param method id of the sparsifier
 * @param options its options, as {@code sparsifier.name}
 * @param pattern where zeros have to be, as {@link Pattern#parse} reads it
 * @param search how modules get shares of zeros that have this sparsity in the mean; null: every map has the pattern
 * @param refit iterations of the least squares that move the weights that are left; 0: none
 * @param layerInput what every layer sees while it is sparsified
 * @param export how the result is written
 * @param seed of everything that is random
 */
public record SparsifySettings(
        TextSettings text,
        Windows windows,
        String method,
        Map<String, String> options,
        String pattern,
        @JsonSetter(nulls = Nulls.SET) @Nullable ShareSearch search,
        int refit,
        LayerInput layerInput,
        CheckpointExport.Settings export,
        long seed) {

    /** What holds unless the user says otherwise. */
    public static final SparsifySettings DEFAULT = new SparsifySettings(
            PruneSettings.DEFAULT.text(),
            new Windows(
                    0,
                    128,
                    WindowSettings.DEFAULT.reward(),
                    WindowSettings.DEFAULT.finalists(),
                    WindowSettings.DEFAULT.evaluation(),
                    List.of()),
            "fista-refit",
            Map.of(),
            "0.5",
            null,
            0,
            LayerInput.PRUNED_PREFIX,
            PruneSettings.DEFAULT.export(),
            PruneSettings.DEFAULT.seed());

    /**
     * How many windows of tokens each purpose sees, and how long they are.
     *
     * @param length tokens of a window, as in {@link WindowSettings}
     * @param calibration windows for what the sparsifier learns from
     * @param reward windows on which candidates of a search are compared
     * @param finalists windows on which finalists are compared, as in {@link WindowSettings}
     * @param evaluation most windows on which figures are reported
     * @param starts tokens at which the calibration windows begin, as in {@link WindowSettings}
     */
    public record Windows(
            int length, int calibration, int reward, int finalists, int evaluation, List<Integer> starts) {

        public Windows {
            Setting.CALIBRATION_WINDOWS.requireAtLeast(1, calibration);
            WindowSettings checked =
                    new WindowSettings(length, calibration, calibration, reward, finalists, evaluation, starts);
            starts = checked.starts();
            calibration = checked.repair();
        }

        /** The same as a run with a search would have it. */
        public WindowSettings asked() {
            return new WindowSettings(length, calibration, calibration, reward, finalists, evaluation, starts);
        }
    }

    /** @throws Failure of kind {@link FailureKind#USAGE} if a value is out of its range */
    public SparsifySettings {
        options = Collections.unmodifiableMap(new TreeMap<>(options));
        Setting.REFIT.require(refit >= 0 && refit <= 10_000, "from 0 to 10000", refit);
        try {
            Pattern.parse(pattern);
        } catch (IllegalArgumentException e) {
            throw FailureKind.USAGE.failure(Setting.PATTERN + ": " + e.getMessage(), e);
        }
    }

    /** Where zeros have to be. */
    public Pattern zeros() {
        return Pattern.parse(pattern);
    }

    /** What the search is told of all this. */
    public SearchSettings forSearch(ShareSearch search) {
        return search.plan().settings(ModulePatterns.sparsity(zeros()), windows.asked(), seed);
    }

    /** The same with candidates of a search, if there is one, that are evaluated in some precision. */
    public SparsifySettings evaluatingIn(PrecisionChoice precision) {
        return new SparsifySettings(
                text,
                windows,
                method,
                options,
                pattern,
                search == null ? null : search.evaluatingIn(precision),
                refit,
                layerInput,
                export,
                seed);
    }

    /** All of them, nested. */
    public ObjectNode toJson() {
        return StrictJson.MAPPER.valueToTree(this);
    }
}
