package io.fastforward.batch;

import io.fastforward.failure.FailureKind;
import io.fastforward.failure.OneLine;
import io.fastforward.failure.Setting;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Where the runs of a file write: {@code OUTPUT/MODEL/RUN/VALUES}, in which {@code pruned} is the model, if it is kept, and
 * {@code pruned-run} the record; {@code OUTPUT/shared} is what they share.
 *
 * @param output directory of all of it
 */
record RunDirectories(Path output) {

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._=,+-]{0,99}");
    /** Beside the runs: what they share. */
    static final String SHARED = "shared";

    /** Long values are cut; if two become alike, that is said. */
    private static final int LONGEST_VALUE = 40;

    /**
     * Checks the name of a model or run, which becomes that of a directory.
     *
     * @throws io.fastforward.failure.Failure of kind {@link FailureKind#USAGE} if it cannot be
     */
    static void requireName(String name) {
        if (!NAME.matcher(name).matches() || name.equals(SHARED)) {
            throw FailureKind.USAGE.failure("'" + OneLine.of(name) + "' cannot be the name of a model or run: expected"
                    + " at most 100 letters, digits, dots, hyphens and underscores, and not '" + SHARED + "'");
        }
    }

    /** That of a run. */
    Path of(String model, String run, Map<String, String> values) {
        Path directory = output.resolve(model).resolve(run);
        return values.isEmpty() ? directory : directory.resolve(name(values));
    }

    /** Settings as a name, each by the last part of its path. */
    static String name(Map<String, String> values) {
        return values.entrySet().stream()
                .map(one -> one.getKey().substring(one.getKey().lastIndexOf('.') + 1) + "=" + plain(one.getValue()))
                .collect(Collectors.joining(","));
    }

    private static String plain(String value) {
        String plain = value.replaceAll("[^A-Za-z0-9._+-]+", "-");
        return plain.substring(0, Math.min(LONGEST_VALUE, plain.length()));
    }

    /**
     * Checks that no two runs write to the same directory, on file systems that do not tell large letters from small ones, too.
     *
     * @throws io.fastforward.failure.Failure of kind {@link FailureKind#USAGE} if two do
     */
    static void requireApart(List<PlannedRun> runs) {
        Set<String> seen = new HashSet<>();
        for (PlannedRun run : runs) {
            Path directory = run.request().output();
            if (!seen.add(directory.toString().toLowerCase(Locale.ROOT))) {
                throw FailureKind.USAGE.failure("two runs would write to '" + directory
                        + "'; give them names that differ, or choose another " + Setting.OUTPUT);
            }
        }
    }
}
