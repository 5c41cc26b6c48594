package io.fastforward.checkpoint;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Where a path leads, which may not exist yet. */
public final class RealPath {

    private RealPath() {}

    /**
     * The absolute path without links, as far as it exists: name by name, as the system goes along it, so that {@code ..}
     * behind a link leads out of the directory that the link leads to. A link to nothing stays.
     */
    public static Path of(Path path) {
        Path absolute = path.toAbsolutePath();
        Path real = absolute.getRoot();
        for (Path name : absolute) {
            if (name.toString().equals("..")) {
                real = real.getParent() == null ? real : real.getParent();
            } else if (!name.toString().equals(".")) {
                real = withoutLink(real.resolve(name));
            }
        }
        return real;
    }

    private static Path withoutLink(Path path) {
        try {
            return Files.exists(path) ? path.toRealPath() : path;
        } catch (IOException _) {
            return path; // opening it will tell what is wrong
        }
    }
}
