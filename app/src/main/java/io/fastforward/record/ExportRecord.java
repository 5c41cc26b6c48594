package io.fastforward.record;

import io.fastforward.checkpoint.FileHash;
import io.fastforward.checkpoint.ReadFailure;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Reason;
import io.fastforward.prune.ModuleRepair;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * What later stages need to know of the writing of the pruned model.
 *
 * @param repairs what calibration did to each module
 * @param reloadDifference largest relative difference of logits between the model in memory and the written one
 * @param files hashes of what was written, by which it is known again
 */
public record ExportRecord(List<ModuleRepair> repairs, double reloadDifference, List<FileHash> files) {

    /** The model card, which is written when its figures are known. */
    public static final String DESCRIPTION = "README.md";

    public ExportRecord {
        repairs = List.copyOf(repairs);
        files = List.copyOf(files);
    }

    /** Whether a directory holds what was written, and nothing else but its description, which people may edit. */
    public boolean isIn(Path output) {
        return files.equals(hashes(output).stream()
                .filter(file -> !file.name().equals(DESCRIPTION))
                .toList());
    }

    /**
     * Deletes a directory that holds what was written, and nothing else; any other stays as it is.
     *
     * @throws Failure of kind {@link FailureKind#STORAGE} if it cannot be deleted
     */
    public void deleteFrom(Path output) {
        if (!Files.isDirectory(output) || !files.equals(hashes(output))) {
            return;
        }
        try (Stream<Path> paths = Files.walk(output)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        } catch (IOException e) {
            throw undeletable(output, e);
        } catch (UncheckedIOException e) {
            throw undeletable(output, Objects.requireNonNull(e.getCause()));
        }
    }

    /** The hashes of all files in a directory, in the order of their paths. */
    public static List<FileHash> hashes(Path directory) {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(Files::isRegularFile).sorted().map(FileHash::of).toList();
        } catch (IOException e) {
            throw ReadFailure.of(directory, e);
        } catch (UncheckedIOException e) {
            throw ReadFailure.of(directory, Objects.requireNonNull(e.getCause()));
        }
    }

    private static Failure undeletable(Path output, IOException cause) {
        return FailureKind.STORAGE.failure(
                "cannot delete the model in '" + output + "', of which only figures were wanted: " + Reason.of(cause)
                        + "; delete it by hand",
                cause);
    }
}
