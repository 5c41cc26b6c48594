package io.fastforward.run.stage;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Setting;
import io.fastforward.settings.WindowSettings;
import io.fastforward.tokenizer.TextSettings;
import io.fastforward.tokenizer.TextSource;
import io.fastforward.tokenizer.TextSummary;
import io.fastforward.tokenizer.TokenWindows;
import io.fastforward.tokenizer.TokenizedText;
import io.fastforward.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The token windows of a run. What figures are reported on is seen by no other stage.
 *
 * @param scoring for the criterion's statistics
 * @param repair for the calibrator's moments
 * @param reward for the search, finalists' windows included
 * @param evaluation for the reported figures
 * @param heldOut whether the evaluation windows are the end of the calibration text
 * @param distinctTokens tokens of the text that scoring, repair and reward windows are cut from
 * @param texts what was read of the texts, by their role
 */
public record RunWindows(
        TokenWindows scoring,
        TokenWindows repair,
        TokenWindows reward,
        TokenWindows evaluation,
        boolean heldOut,
        int distinctTokens,
        Map<String, TextSummary> texts) {

    /** Share of the calibration text that is kept for figures if there is no text for them. */
    private static final int HELD_OUT_PART = 10;

    /** Most tokens of one purpose: 4 GB of them, which the largest published runs do not come near. */
    private static final int MOST_TOKENS = 1 << 30;

    // Each purpose draws its windows from a random stream of its own.
    private static final long SCORING_STREAM = 0x63616c6962L;
    private static final long REPAIR_STREAM = 0x7265706169L;
    private static final long REWARD_STREAM = 0x7265776172L;

    /**
     * Checks that a text is long enough for anything.
     *
     * @throws Failure if it is shorter than one window
     */
    public static void requireOneWindow(TextSource text, int[] tokens, int length) {
        if (tokens.length < length) {
            throw FailureKind.BAD_TEXT.failure(
                    text.describe() + " has " + tokens.length + " tokens, but one window needs " + length
                            + "; give a longer text or a smaller " + Setting.WINDOW_LENGTH);
        }
    }

    /**
     * Checks that windows are not more than can be.
     *
     * @throws Failure if they have more tokens than an array holds
     */
    private static void requireCountable(int windows, int length, Setting setting) {
        if ((long) windows * length > MOST_TOKENS) {
            throw FailureKind.USAGE.failure(setting + " " + windows + " is too many: windows of " + length
                    + " tokens may be at most " + MOST_TOKENS / length);
        }
    }

    /** Reads and cuts the texts. */
    public static RunWindows read(
            TextSettings reading,
            WindowSettings asked,
            long seed,
            TextSource calibrationText,
            Optional<TextSource> evaluationText,
            Tokenizer tokenizer,
            int length) {
        requireCountable(asked.scoring(), length, Setting.SCORING_WINDOWS);
        requireCountable(asked.repair(), length, Setting.REPAIR_WINDOWS);
        requireCountable(asked.finalWindows(), length, Setting.FINALIST_WINDOWS);
        TokenizedText calibration = TokenizedText.read(calibrationText, reading, tokenizer);
        Map<String, TextSummary> texts = new TreeMap<>();
        texts.put("calibration", calibration.summary());
        int[] seen = calibration.ids();
        int[] unseen;
        if (evaluationText.isPresent()) {
            TokenizedText evaluation = TokenizedText.read(evaluationText.get(), reading, tokenizer);
            unseen = evaluation.ids();
            texts.put("evaluation", evaluation.summary());
            requireOneWindow(calibrationText, seen, length);
            requireOneWindow(evaluationText.get(), unseen, length);
        } else {
            int kept = Math.max(length, seen.length / HELD_OUT_PART);
            if (seen.length < kept + length) {
                throw FailureKind.BAD_TEXT.failure(
                        calibrationText.describe() + " has " + seen.length + " tokens, but one window of " + length
                                + " for calibration and one for figures are needed; give a longer text, or a smaller "
                                + Setting.WINDOW_LENGTH + ", or another text for figures with "
                                + Setting.EVALUATION_TEXT);
            }
            unseen = Arrays.copyOfRange(seen, seen.length - kept, seen.length);
            seen = Arrays.copyOf(seen, seen.length - kept);
        }
        return new RunWindows(
                calibration(seen, length, asked.scoring(), asked, seed ^ SCORING_STREAM),
                calibration(seen, length, asked.repair(), asked, seed ^ REPAIR_STREAM),
                TokenWindows.random(seen, length, asked.finalWindows(), seed ^ REWARD_STREAM),
                TokenWindows.consecutive(unseen, length, asked.evaluation()),
                evaluationText.isEmpty(),
                seen.length,
                texts);
    }

    /** Where the user says, or else anywhere. */
    private static TokenWindows calibration(int[] ids, int length, int count, WindowSettings asked, long seed) {
        return asked.starts().isEmpty()
                ? TokenWindows.random(ids, length, count, seed)
                : TokenWindows.at(ids, length, asked.starts());
    }
}
