package io.fastforward.checkpoint;

import io.fastforward.failure.OneLine;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The checkpoints below a directory that is none itself: the snapshots of a Hugging Face cache, the checkpoints of a
 * training run, several models side by side.
 */
final class NearbyCheckpoints {

    /** From the top of a cache: {@code models--ORG--NAME/snapshots/REVISION}. */
    private static final int DEEPEST = 3;

    private static final int MOST_NAMED = 3;

    /** What a search looks at before it gives up. */
    private static final int MOST_ENTRIES = 2_000;

    private final List<Path> found = new ArrayList<>();
    private int seen;

    private NearbyCheckpoints() {}

    /** A hint that names some of them, or nothing if there are none. Links are not followed. */
    static String hint(Path directory) {
        NearbyCheckpoints nearby = new NearbyCheckpoints();
        nearby.search(directory, 1);
        if (nearby.found.isEmpty()) {
            return "";
        }
        return "; did you mean "
                + nearby.found.stream()
                        .sorted()
                        .limit(MOST_NAMED)
                        .map(checkpoint -> "'" + OneLine.of(checkpoint.toString()) + "'")
                        .collect(Collectors.joining(" or "))
                + (nearby.found.size() > MOST_NAMED
                        ? " (or one of " + (nearby.found.size() - MOST_NAMED) + " more)"
                        : "")
                + "?";
    }

    private void search(Path directory, int depth) {
        try (DirectoryStream<Path> children = Files.newDirectoryStream(directory)) {
            for (Path child : children) {
                if (++seen > MOST_ENTRIES) {
                    return;
                }
                if (!Files.isDirectory(child, LinkOption.NOFOLLOW_LINKS)
                        || String.valueOf(child.getFileName()).startsWith(".")) {
                    continue;
                }
                if (Files.exists(child.resolve("config.json"))) {
                    found.add(child);
                } else if (depth < DEEPEST) {
                    search(child, depth + 1);
                }
            }
        } catch (IOException _) {
            // What cannot be read gives no hint.
        }
    }
}
