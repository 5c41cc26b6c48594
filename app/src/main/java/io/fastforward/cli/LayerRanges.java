package io.fastforward.cli;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Setting;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/** Layers as a user lists them: {@code 0,1,30-31}. */
final class LayerRanges {

    private static final Pattern RANGE = Pattern.compile("(\\d{1,5})(?:-(\\d{1,5}))?");

    private LayerRanges() {}

    /**
     * Reads a list of layers and ranges of layers, both ends included.
     *
     * @throws Failure if it is anything else
     */
    static Set<Integer> parse(String list) {
        Set<Integer> layers = new TreeSet<>();
        for (String part : list.split(",", -1)) {
            Matcher range = RANGE.matcher(part.strip());
            if (!range.matches()) {
                throw malformed(list);
            }
            int first = Integer.parseInt(range.group(1));
            int last = range.group(2) == null ? first : Integer.parseInt(range.group(2));
            if (last < first) {
                throw malformed(list);
            }
            IntStream.rangeClosed(first, last).forEach(layers::add);
        }
        return layers;
    }

    private static Failure malformed(String list) {
        return FailureKind.USAGE.failure(
                Setting.KEPT_LAYERS + ": '" + list + "' is not a list of layers such as 0,1,30-31");
    }
}
