package io.fastforward.checkpoint;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Reason;
import io.fastforward.failure.Setting;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** Explains why writing failed, with advice that fits the reason: there is room to make only where room is short. */
public final class StorageFailure {

    private StorageFailure() {}

    /**
     * A failure of kind {@link FailureKind#STORAGE}.
     *
     * @param path what was to be written
     * @param bytes how many bytes it needs
     */
    public static Failure of(Path path, long bytes, IOException cause) {
        return FailureKind.STORAGE.failure(
                "cannot write '" + path + "': " + Reason.of(cause) + "; " + advice(cause, bytes, free(path)), cause);
    }

    /** A failure of kind {@link FailureKind#STORAGE} of something that takes no room worth mentioning. */
    public static Failure of(Path path, IOException cause) {
        return of(path, 0, cause);
    }

    /** What to do about it. */
    static String advice(IOException cause, long bytes, OptionalLong free) {
        String reason = String.valueOf(cause.getMessage()).toLowerCase(Locale.ROOT);
        if (cause instanceof ClosedByInterruptException || reason.contains("interrupted system call")) {
            return "run it again";
        }
        if (reason.contains("quota")) {
            return "it needs " + bytes + " bytes; make room within your quota or choose another output directory";
        }
        if (reason.contains("no space left") || free.orElse(Long.MAX_VALUE) < bytes) {
            return "it needs " + bytes + " bytes"
                    + (free.isPresent() ? ", and its file system has " + free.getAsLong() + " left" : "")
                    + "; make room or choose another output directory";
        }
        if (reason.contains("too many open files")) {
            return "raise the limit of open files (ulimit -n) and run it again";
        }
        if (reason.contains("name too long")) {
            return "choose an output directory with a shorter name";
        }
        if (reason.contains("input/output error")) {
            return "its disk or the connection to it fails, which the system's log may explain; choose another output"
                    + " directory";
        }
        if (reason.contains("file too large")) {
            return "its file system takes no files of " + bytes + " bytes; write smaller ones with "
                    + Setting.SHARD_SIZE + ", or choose another output directory";
        }
        if (reason.contains("busy")) {
            return "if it is a mount point, choose a new directory inside it";
        }
        return "choose another output directory";
    }

    /** Bytes that the disk of a path has left, whether there is something at it or not; empty if it does not tell. */
    public static OptionalLong free(Path path) {
        for (@Nullable Path at = path.toAbsolutePath(); at != null; at = at.getParent()) {
            if (Files.exists(at)) {
                try {
                    return OptionalLong.of(Files.getFileStore(at).getUsableSpace());
                } catch (IOException _) {
                    return OptionalLong.empty(); // the message is good enough without
                }
            }
        }
        return OptionalLong.empty();
    }
}
