package io.fastforward.cli;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.OneLine;
import io.fastforward.failure.Reason;
import io.fastforward.failure.Setting;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The tokens at which windows begin, as a user lists them in a file: whole numbers with white space or commas between. */
final class WindowStarts {

    /** What the option is for. */
    static final String DESCRIPTION = "Windows for scoring and calibration begin at these tokens, numbers in a file,"
            + " instead of anywhere: to repeat what others have measured.";

    private static final int LARGEST = 1 << 20;

    private WindowStarts() {}

    /**
     * Reads a file.
     *
     * @throws Failure if it cannot be read, holds no number or anything else
     */
    static List<Integer> read(Path file) {
        List<Integer> starts = new ArrayList<>();
        for (String word : text(file).split("[\\s,]+", -1)) {
            if (!word.isEmpty()) {
                starts.add(number(word, file));
            }
        }
        if (starts.isEmpty()) {
            throw FailureKind.USAGE.failure(Setting.WINDOW_STARTS + ": " + file + " holds no number");
        }
        return starts;
    }

    private static String text(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(LARGEST + 1);
            if (bytes.length > LARGEST) {
                throw FailureKind.USAGE.failure(Setting.WINDOW_STARTS + ": " + file
                        + " is no list of numbers: it has more than " + LARGEST + " bytes");
            }
            return new String(bytes, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw FailureKind.NOT_FOUND.failure(
                    Setting.WINDOW_STARTS + ": " + file + " cannot be read: " + Reason.of(e), e);
        }
    }

    private static int number(String word, Path file) {
        try {
            return Integer.parseInt(word);
        } catch (NumberFormatException e) {
            throw FailureKind.USAGE.failure(
                    Setting.WINDOW_STARTS + ": '" + OneLine.of(word) + "' in " + file + " is not the number of a token",
                    e);
        }
    }
}
