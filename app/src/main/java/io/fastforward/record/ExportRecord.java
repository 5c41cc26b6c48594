package io.fastforward.record;

import io.fastforward.checkpoint.FileHash;
import io.fastforward.checkpoint.ReadFailure;
import io.fastforward.prune.ModuleRepair;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
    public ExportRecord {
        repairs = List.copyOf(repairs);
        files = List.copyOf(files);
    }

    /** Whether a directory holds what was written, and nothing else. */
    public boolean isIn(Path output) {
        return files.equals(hashes(output));
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
}
