package io.fastforward.run;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.spi.model.ModelSpec;
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
 * @param calibration for the criterion's statistics
 * @param repair for the calibrator's moments
 * @param reward for the search, finalists' windows included
 * @param evaluation for the reported figures
 * @param heldOut whether the evaluation windows are the end of the calibration text
 * @param distinctTokens tokens of the text that calibration, repair and reward windows are cut from
 * @param texts what was read of the texts, by their role
 */
record RunWindows(
        TokenWindows calibration,
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

    /** Windows of the literature's length, or of the model's context if that is shorter. */
    private static final int DEFAULT_LENGTH = 2048;

    // Each purpose draws its windows from a random stream of its own.
    private static final long CALIBRATION_STREAM = 0x63616c6962L;
    private static final long REPAIR_STREAM = 0x7265706169L;
    private static final long REWARD_STREAM = 0x7265776172L;

    /**
     * The length of the windows.
     *
     * @throws Failure if the model has fewer positions than asked for
     */
    static int length(int asked, ModelSpec spec) {
        if (asked == 0) {
            return Math.min(DEFAULT_LENGTH, spec.contextLength());
        }
        if (asked < 2 || asked > spec.contextLength()) {
            throw new Failure(
                    FailureKind.USAGE,
                    "--window must be from 2 to the model's context of " + spec.contextLength() + " tokens, but is "
                            + asked);
        }
        return asked;
    }

    /**
     * Checks that a text is long enough for anything.
     *
     * @throws Failure if it is shorter than one window
     */
    static void requireOneWindow(TextSource text, int[] tokens, int length) {
        if (tokens.length < length) {
            throw new Failure(
                    FailureKind.BAD_TEXT,
                    text.describe() + " has " + tokens.length + " tokens, but one window needs " + length
                            + "; give a longer text or a smaller --window");
        }
    }

    /**
     * Checks that windows are not more than can be.
     *
     * @throws Failure if they have more tokens than an array holds
     */
    private static void requireCountable(int windows, int length, String option) {
        if ((long) windows * length > MOST_TOKENS) {
            throw new Failure(
                    FailureKind.USAGE,
                    option + " " + windows + " is too many: windows of " + length + " tokens may be at most "
                            + MOST_TOKENS / length);
        }
    }

    /** Reads and cuts the texts. */
    static RunWindows read(
            PruneSettings settings,
            TextSource calibrationText,
            Optional<TextSource> evaluationText,
            Tokenizer tokenizer,
            int length) {
        requireCountable(settings.calibrationWindows(), length, "--calibration-windows");
        requireCountable(settings.repairWindows(), length, "--repair-windows");
        requireCountable(settings.finalistWindows(), length, "--finalist-windows");
        TokenizedText calibration = TokenizedText.read(calibrationText, settings.text(), tokenizer);
        Map<String, TextSummary> texts = new TreeMap<>();
        texts.put("calibration", calibration.summary());
        int[] seen = calibration.ids();
        int[] unseen;
        if (evaluationText.isPresent()) {
            TokenizedText evaluation = TokenizedText.read(evaluationText.get(), settings.text(), tokenizer);
            unseen = evaluation.ids();
            texts.put("evaluation", evaluation.summary());
            requireOneWindow(calibrationText, seen, length);
            requireOneWindow(evaluationText.get(), unseen, length);
        } else {
            int kept = Math.max(length, seen.length / HELD_OUT_PART);
            if (seen.length < kept + length) {
                throw new Failure(
                        FailureKind.BAD_TEXT,
                        calibrationText.describe() + " has " + seen.length + " tokens, but one window of " + length
                                + " for calibration and one for figures are needed; give a longer text, or a smaller"
                                + " --window, or another text for figures with --evaluation");
            }
            unseen = Arrays.copyOfRange(seen, seen.length - kept, seen.length);
            seen = Arrays.copyOf(seen, seen.length - kept);
        }
        long seed = settings.seed();
        return new RunWindows(
                TokenWindows.random(seen, length, settings.calibrationWindows(), seed ^ CALIBRATION_STREAM),
                TokenWindows.random(seen, length, settings.repairWindows(), seed ^ REPAIR_STREAM),
                TokenWindows.random(seen, length, settings.finalistWindows(), seed ^ REWARD_STREAM),
                TokenWindows.consecutive(unseen, length, settings.evaluationWindows()),
                evaluationText.isEmpty(),
                seen.length,
                texts);
    }
}
