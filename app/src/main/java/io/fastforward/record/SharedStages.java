package io.fastforward.record;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Setting;
import io.fastforward.json.StrictJson;
import io.fastforward.report.Progress;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Finished stages that several runs share: a directory of JSON files, one for each {@linkplain StageKey key}. One process at a time
 * works in it, and any number of its threads: what one makes, others that want the same wait for. Nothing is lost with it: whoever
 * finds nothing, or something that is damaged, makes it anew, and every run has a copy in its own record.
 *
 * <p>Each file is a {@link RecordFile} that belongs to its key instead of a run, so one that was renamed is not taken for
 * another.
 */
public final class SharedStages implements AutoCloseable {

    private final RecordStore store;
    private final Map<String, ReentrantLock> working = new ConcurrentHashMap<>();

    private SharedStages(RecordStore store) {
        this.store = store;
    }

    /**
     * What a file holds.
     *
     * @param inputs those of the key, for people
     * @param result what the stage made
     */
    private record Entry(ObjectNode inputs, ObjectNode result) {}

    /**
     * Takes a directory, which is made if it is not there.
     *
     * @throws Failure if another process works in it, or it cannot be made
     */
    public static SharedStages in(Path directory) {
        return new SharedStages(RecordStore.take(directory, Setting.OUTPUT));
    }

    /**
     * Where a stage finds its result, or leaves it for others.
     *
     * @param type a record
     * @param check throws an IllegalArgumentException if what was read cannot be the stage's result
     */
    public <T> StageSource<T> source(StageKey key, Class<T> type, Consumer<T> check) {
        return (progress, make) -> {
            ReentrantLock lock = working.computeIfAbsent(key.hash(), hash -> new ReentrantLock());
            lock.lock();
            try {
                return find(key, type, check, progress).orElseGet(() -> made(key, make));
            } finally {
                lock.unlock();
            }
        };
    }

    private <T> Optional<T> find(StageKey key, Class<T> type, Consumer<T> check, Progress progress) {
        Path file = store.file(key.fileName());
        if (!store.holds(key.fileName())) {
            return Optional.empty();
        }
        try {
            Entry entry = RecordFile.read(file, key.hash(), Entry.class);
            T result = StrictJson.MAPPER.treeToValue(entry.result(), type);
            check.accept(result);
            progress.note("Taken from '" + file + "', which another run made: " + key.stage());
            return Optional.of(result);
        } catch (Failure | JsonProcessingException | IllegalArgumentException e) {
            if (e instanceof Failure failure && failure.kind() != FailureKind.BAD_RECORD) {
                throw failure;
            }
            progress.note("Warning: '" + file + "' is damaged or cannot be read; it is made anew");
            return Optional.empty();
        }
    }

    private <T> T made(StageKey key, Supplier<T> make) {
        T result = make.get();
        ObjectNode contents = StrictJson.MAPPER.valueToTree(result);
        store.deleteAbandoned(List.of(key.fileName()));
        store.write(key.fileName(), RecordFile.bytes(key.hash(), new Entry(key.inputs(), contents)));
        return result;
    }

    /** Lets go of the directory, which goes if it holds nothing. */
    @Override
    public void close() {
        if (store.isEmpty()) {
            store.closeAndDelete(List.of());
        } else {
            store.close();
        }
    }
}
