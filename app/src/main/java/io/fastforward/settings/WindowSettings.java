package io.fastforward.settings;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Setting;
import io.fastforward.spi.model.ModelSpec;
import java.util.List;

/**
 * How many windows of tokens each purpose sees, and how long they are.
 *
 * @param length tokens of a window; 0: the literature's 2048, or the model's context if that is shorter
 * @param scoring windows for the criterion's statistics
 * @param repair windows for the calibrator's moments
 * @param reward windows on which candidates are compared
 * @param finalists windows on which finalists are compared, at least as many; 0: four times as many
 * @param evaluation most windows on which figures are reported
 * @param starts tokens of the calibration text at which the windows for scoring begin, and those for repair, too; empty:
 *     anywhere. They say how many of these windows there are
 */
public record WindowSettings(
        int length, int scoring, int repair, int reward, int finalists, int evaluation, List<Integer> starts) {

    /** What holds unless the user says otherwise. */
    public static final WindowSettings DEFAULT = new WindowSettings(0, 64, 32, 16, 0, 128, List.of());

    /** Windows of the literature's length, or of the model's context if that is shorter. */
    private static final int DEFAULT_LENGTH = 2048;

    public WindowSettings {
        starts = List.copyOf(starts);
        starts.forEach(start -> Setting.WINDOW_STARTS.requireAtLeast(0, start));
        if (!starts.isEmpty()) {
            scoring = starts.size();
            repair = starts.size();
        }
        Setting.WINDOW_LENGTH.require(length == 0 || length >= 2, "at least 2", length);
        Setting.SCORING_WINDOWS.requireAtLeast(1, scoring);
        Setting.REPAIR_WINDOWS.requireAtLeast(1, repair);
        Setting.REWARD_WINDOWS.requireAtLeast(1, reward);
        Setting.FINALIST_WINDOWS.require(
                finalists == 0 || finalists >= reward,
                "at least the " + Setting.REWARD_WINDOWS + ", " + reward,
                finalists);
        Setting.EVALUATION_WINDOWS.requireAtLeast(1, evaluation);
    }

    /** Windows on which finalists are compared. */
    public int finalWindows() {
        return finalists == 0 ? (int) Math.min(4L * reward, Integer.MAX_VALUE) : finalists;
    }

    /**
     * Windows on which a few policies are compared that no search has chosen. Without other orders, half as many as candidates:
     * policies of a prior that 8 windows of 256 tokens do not tell apart are not told apart by what they are after repair.
     */
    public int choiceWindows() {
        return finalists == 0 ? Math.ceilDiv(reward, 2) : finalists;
    }

    /**
     * Tokens of a window for a model.
     *
     * @param asked as the component {@code length}
     * @throws Failure if the model has fewer positions than asked for
     */
    public static int length(int asked, ModelSpec model) {
        if (asked == 0) {
            return Math.min(DEFAULT_LENGTH, model.contextLength());
        }
        if (asked < 2 || asked > model.contextLength()) {
            throw FailureKind.USAGE.failure(Setting.WINDOW_LENGTH + " must be from 2 to the model's context of "
                    + model.contextLength() + " tokens, but is " + asked);
        }
        return asked;
    }
}
