package io.fastforward.record;

import io.fastforward.checkpoint.AtomicDirectory;
import io.fastforward.checkpoint.StorageFailure;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.OneLine;
import io.fastforward.prune.FinishedLayers;
import io.fastforward.prune.PassShape;
import io.fastforward.report.Progress;
import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What a run keeps of a pass over layers that takes long, until the pass is over: how far it has come, {@code pass.json}, and in
 * {@code pass} what each finished layer gave, the maps that it replaced, and the hidden states behind the last of them. There
 * are two generations of these, so that one is whole while the other is written. With any of it nothing but time is lost, so
 * what is damaged is made anew.
 */
public final class PassRecord {

    static final String STATE = "pass.json";
    static final String FOLDER = "pass";

    private static final Pattern FILE =
            Pattern.compile("(layer-[0-9]+\\.(json|maps)|hidden-[01]-[a-z]+\\.f32)(\\.partial-[0-9a-f]{8})?");

    private final RecordStore store;
    private final String run;
    private final SavePace pace;

    /**
     * The record of a run's passes, of which there is one at a time.
     *
     * @param run id of the run
     * @param pace how often a pass is saved
     */
    PassRecord(RecordStore store, String run, SavePace pace) {
        this.store = store;
        this.run = run;
        this.pace = pace;
    }

    /**
     * What is kept of a pass that begins, or goes on.
     *
     * @param pass its name, which no other pass of the run has
     * @param type of what a layer gives, a record
     * @param reserve bytes that have to stay free on the disk, for what the pass itself writes
     * @param progress is told where the pass goes on, or why not, and if there is no room
     * @throws Failure of kind {@link FailureKind#STORAGE} if what is damaged cannot be deleted
     */
    public <T> FinishedLayers<T> open(String pass, Class<T> type, PassShape<T> shape, long reserve, Progress progress) {
        PassFiles<T> files = new PassFiles<>(store, run, pass, type, shape);
        Optional<PassFiles.Found<T>> found = store.holds(STATE) ? find(files, progress) : Optional.empty();
        found.ifPresent(
                kept -> progress.note("Resuming after layer " + kept.state().end() + " of " + shape.layers()));
        return new SavedPass<>(files, pace, found, reserve, () -> delete(), progress);
    }

    private <T> Optional<PassFiles.Found<T>> find(PassFiles<T> files, Progress progress) {
        String reason;
        try {
            return Optional.of(files.read());
        } catch (IllegalArgumentException e) {
            reason = OneLine.of(String.valueOf(e.getMessage()));
        } catch (Failure e) {
            if (e.kind() != FailureKind.BAD_RECORD && e.kind() != FailureKind.NOT_FOUND) {
                throw e;
            }
            reason = "a file is damaged or gone";
        }
        progress.note("Warning: what '" + store.file(STATE) + "' and '" + store.file(FOLDER)
                + "' keep of finished layers cannot be used, so these are done once more: " + reason);
        delete();
        return Optional.empty();
    }

    /** Deletes what a process that was killed left half-written. */
    void deleteAbandoned() {
        delete(true);
    }

    /**
     * Deletes what is kept of a pass that is over; of another pass, or what cannot be read, stays.
     *
     * @throws Failure of kind {@link FailureKind#STORAGE} if it cannot be deleted
     */
    public void delete(String pass) {
        if (!store.holds(STATE) || isOf(pass)) {
            delete();
        }
    }

    private boolean isOf(String pass) {
        try {
            return RecordFile.read(store.file(STATE), run, PassState.class)
                    .pass()
                    .equals(pass);
        } catch (Failure _) {
            return false; // whoever opens it will say so
        }
    }

    /**
     * Deletes all of it; files of others in its directory stay.
     *
     * @throws Failure of kind {@link FailureKind#STORAGE} if it cannot be deleted
     */
    void delete() {
        delete(false);
    }

    private void delete(boolean partialAlone) {
        Path directory = store.file(FOLDER);
        try {
            if (!partialAlone) {
                Files.deleteIfExists(store.file(STATE));
            }
            if (!Files.isDirectory(directory)) {
                return;
            }
            for (Path file : new ArrayList<>(AtomicDirectory.children(directory))) {
                String name = String.valueOf(file.getFileName());
                if (FILE.matcher(name).matches() && (!partialAlone || name.contains(".partial-"))) {
                    Files.delete(file);
                }
            }
            if (!partialAlone) {
                Files.delete(directory);
            }
        } catch (DirectoryNotEmptyException _) {
            // What else is there is not ours.
        } catch (IOException e) {
            throw StorageFailure.of(directory, e);
        }
    }
}
