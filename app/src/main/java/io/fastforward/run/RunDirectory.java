package io.fastforward.run;

import io.fastforward.checkpoint.AtomicFile;
import io.fastforward.checkpoint.FileHash;
import io.fastforward.checkpoint.ProcessLock;
import io.fastforward.checkpoint.ShutdownHook;
import io.fastforward.checkpoint.StorageFailure;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.OneLine;
import io.fastforward.failure.Reason;
import io.fastforward.nested.NestedOrder;
import io.fastforward.search.Budget;
import io.fastforward.search.SearchState;
import io.fastforward.search.TrialRecord;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.Policy;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The record of a run on disk. Every file is written whole or not at all, so that whatever is there after a crash can
 * be used: {@code manifest.json}, {@code nested-order.json}, {@code search-state.json}, {@code trials.jsonl},
 * {@code search-result.json}, {@code policy.json}, {@code export.json}, {@code result.json}, {@code run.log}. What the
 * result depends on is a {@link RecordFile}; {@code trials.jsonl} and {@code policy.json} are for people.
 *
 * <p>{@code run.lock} is {@linkplain ProcessLock locked} while a process works on the run. It is the first file that is
 * made: a directory that holds it, but no manifest, is what is left of a run that was killed as it began.
 *
 * <p>If the process is told to end (Ctrl-C), a shutdown hook waits for the write that has begun and lets no other
 * begin. Closing a new record in which no stage was finished deletes it: there is nothing to go on from.
 */
final class RunDirectory implements AutoCloseable {

    private static final String MANIFEST = "manifest.json";
    private static final String ORDER = "nested-order.json";
    private static final String SEARCH_STATE = "search-state.json";
    private static final String TRIALS = "trials.jsonl";
    private static final String SEARCH_RESULT = "search-result.json";
    private static final String POLICY = "policy.json";
    private static final String EXPORT = "export.json";
    private static final String RESULT = "result.json";
    private static final String LOG = "run.log";
    private static final String LOCK = "run.lock";

    /** Far more than the trials of any search take. */
    private static final long LARGEST_TRIALS = 1L << 30;

    private static final List<String> FILES =
            List.of(MANIFEST, ORDER, SEARCH_STATE, TRIALS, SEARCH_RESULT, POLICY, EXPORT, RESULT);

    private final Path path;
    private final boolean begun;
    private final boolean made;
    private final ProcessLock lock;
    private final Thread hook = new ShutdownHook(this::endWriting, "finish-record");
    private Manifest manifest;
    private boolean ended;

    /**
     * A directory that is locked.
     *
     * @param begun whether the run begins here, and does not go on
     * @param made whether the directory itself was not there before
     */
    private RunDirectory(Path path, boolean begun, boolean made, ProcessLock lock, Manifest manifest) {
        this.path = path;
        this.begun = begun;
        this.made = made;
        this.lock = lock;
        this.manifest = manifest;
    }

    /**
     * Takes a directory for a run.
     *
     * @param manifest of the run that is about to begin
     * @param resume whether the directory should hold an interrupted run with the same manifest, but for the device;
     *     one that was killed before it had written its manifest is begun again
     * @throws Failure if it holds another run, or, without {@code resume}, anything at all, or if another process works
     *     on it
     */
    static RunDirectory open(Path path, Manifest manifest, boolean resume) {
        boolean made = !Files.exists(path, LinkOption.NOFOLLOW_LINKS);
        if (!holdsRun(path) && !ProcessLock.mayBe(path.resolve(LOCK))) {
            if (resume) {
                throw new Failure(
                        FailureKind.BAD_RECORD,
                        "there is no run to resume in '" + path + "'; start it without --resume");
            }
            requireNothingBut(path, Set.of());
        }
        ProcessLock lock = lock(path);
        try {
            return holdsRun(path) ? goOn(path, lock, manifest, resume) : begin(path, made, lock, manifest);
        } catch (Throwable e) {
            release(lock);
            throw e;
        }
    }

    private static RunDirectory goOn(Path path, ProcessLock lock, Manifest manifest, boolean resume) {
        if (!resume) {
            throw new Failure(
                    FailureKind.OUTPUT_NOT_EMPTY,
                    "the run directory '" + path + "' holds an earlier run; add --resume to go on with it, or"
                            + " choose another one with --run-dir");
        }
        Path file = path.resolve(MANIFEST);
        Manifest earlier = RecordFile.read(file, Manifest.class);
        if (!earlier.format().equals(Manifest.FORMAT)) {
            throw RecordFile.damaged(file, "its format is not " + Manifest.FORMAT, null);
        }
        String difference = earlier.differenceTo(manifest);
        if (!difference.isEmpty()) {
            throw new Failure(
                    FailureKind.BAD_RECORD,
                    "cannot resume the run in '" + path + "': it differs in " + difference
                            + "; give the same again, or start a run of its own with --run-dir");
        }
        deleteAbandoned(path);
        RunDirectory directory = new RunDirectory(path, false, false, lock, earlier);
        Runtime.getRuntime().addShutdownHook(directory.hook);
        return directory;
    }

    private static RunDirectory begin(Path path, boolean made, ProcessLock lock, Manifest manifest) {
        deleteAbandoned(path);
        requireNothingBut(path, Set.of(LOCK, LOG));
        RunDirectory directory = new RunDirectory(path, true, made, lock, manifest);
        Runtime.getRuntime().addShutdownHook(directory.hook);
        try {
            directory.write(MANIFEST, manifest);
            return directory;
        } catch (Throwable e) {
            directory.close();
            throw e;
        }
    }

    private static ProcessLock lock(Path path) {
        try {
            Files.createDirectories(path);
            return ProcessLock.tryAcquire(path.resolve(LOCK))
                    .orElseThrow(() -> new Failure(
                            FailureKind.OUTPUT_NOT_EMPTY,
                            "another process works on the run in '" + path
                                    + "'; wait until it has ended, or choose another directory with --run-dir"));
        } catch (IOException e) {
            throw StorageFailure.of(path.resolve(LOCK), e);
        }
    }

    private static void release(ProcessLock lock) {
        try {
            lock.close();
        } catch (IOException _) {
            // The operating system releases it when the process ends.
        }
    }

    /** What an earlier process of this run left half-written, now that its lock is ours. */
    private static void deleteAbandoned(Path path) {
        FILES.forEach(name -> AtomicFile.deleteAbandoned(path.resolve(name)));
    }

    /** Whether a directory holds the record of a run, finished or not. */
    static boolean holdsRun(Path path) {
        return Files.exists(path.resolve(MANIFEST));
    }

    /** Whether the run whose record a directory holds came so far as to write its output. */
    static boolean holdsExport(Path path) {
        return holdsRun(path) && Files.exists(path.resolve(EXPORT));
    }

    Path path() {
        return path;
    }

    /** The files of the model that is pruned. */
    List<FileHash> model() {
        return manifest.model();
    }

    Path logFile() {
        return path.resolve(LOG);
    }

    /**
     * Records which device works on the run from now on.
     *
     * @return the one that did before, if it was another one
     */
    Optional<String> workOn(String device) {
        String before = manifest.device();
        if (device.equals(before)) {
            return Optional.empty();
        }
        manifest = manifest.on(device);
        write(MANIFEST, manifest);
        return Optional.of(before);
    }

    /**
     * The order that the run has finished.
     *
     * @throws Failure if it is damaged, or of another model
     */
    Optional<NestedOrder> order(ModelSpec spec) {
        return readIfThere(ORDER, NestedOrder.class, order -> order.requireFits(spec));
    }

    void saveOrder(NestedOrder order) {
        write(ORDER, order);
    }

    Optional<SearchState> searchState() {
        return readIfThere(SEARCH_STATE, SearchState.class, state -> {});
    }

    /** The state of the search that some run directory holds, for another run to start from. */
    static Optional<SearchState> searchState(Path runDirectory) {
        Path file = searchStateFile(runDirectory);
        return Files.exists(file) ? Optional.of(RecordFile.read(file, SearchState.class)) : Optional.empty();
    }

    static Path searchStateFile(Path runDirectory) {
        return runDirectory.resolve(SEARCH_STATE);
    }

    /**
     * Records a batch: first its trials, then the state that counts them, so that a crash in between only leaves lines
     * that {@link #keepTrials} removes.
     */
    synchronized void saveBatch(List<TrialRecord> trials, SearchState state) {
        checkNotEnded();
        StringBuilder lines = new StringBuilder();
        trials.forEach(trial -> lines.append(trial.toJson()).append('\n'));
        byte[] bytes = lines.toString().getBytes(StandardCharsets.UTF_8);
        Path file = path.resolve(TRIALS);
        try (FileChannel channel = FileChannel.open(
                file, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.APPEND)) {
            for (ByteBuffer rest = ByteBuffer.wrap(bytes); rest.hasRemaining(); ) {
                channel.write(rest);
            }
            channel.force(false);
        } catch (IOException e) {
            throw StorageFailure.of(file, bytes.length, e);
        }
        write(SEARCH_STATE, state);
    }

    /**
     * Keeps the records of the first episodes alone, whatever a crash left behind or between them. The search does not
     * need them, so what is missing stays missing.
     *
     * @return what is missing, for people who read them
     */
    Optional<String> keepTrials(int episodes) {
        Path file = path.resolve(TRIALS);
        SortedMap<Integer, String> kept = new TreeMap<>();
        for (String line : trialLines(file)) {
            try {
                TrialRecord trial = TrialRecord.parse(line);
                if (trial.episode() >= 0 && trial.episode() < episodes) {
                    kept.putIfAbsent(trial.episode(), line);
                }
            } catch (Failure _) {
                // A line that was cut off, or damaged.
            }
        }
        String lines = kept.values().stream().map(line -> line + "\n").collect(Collectors.joining());
        write(TRIALS, lines.getBytes(StandardCharsets.UTF_8));
        return kept.size() == episodes
                ? Optional.empty()
                : Optional.of("'" + file + "' holds " + kept.size() + " of the " + episodes
                        + " trials that the search had done; it goes on without the others, which it does not need");
    }

    private static List<String> trialLines(Path file) {
        try {
            if (!Files.exists(file) || Files.size(file) > LARGEST_TRIALS) {
                return List.of();
            }
            return new String(Files.readAllBytes(file), StandardCharsets.UTF_8)
                    .lines()
                    .toList();
        } catch (IOException e) {
            throw RecordFile.damaged(file, "it cannot be read: " + Reason.of(e), e);
        }
    }

    /**
     * How the search ended.
     *
     * @throws Failure if the record is damaged, or no search within this budget can have ended so
     */
    Optional<SearchOutcome> searchOutcome(Budget budget, double sparsity) {
        return readIfThere(SEARCH_RESULT, SearchOutcome.class, outcome -> outcome.requireFits(budget, sparsity));
    }

    void saveSearchOutcome(SearchOutcome outcome) {
        write(SEARCH_RESULT, outcome);
    }

    void savePolicy(Policy policy, ModelSpec spec, double sparsity) {
        write(POLICY, PolicyFile.bytes(policy, spec, sparsity));
    }

    Optional<ExportRecord> export() {
        return readIfThere(EXPORT, ExportRecord.class, export -> {});
    }

    void saveExport(ExportRecord export) {
        write(EXPORT, export);
    }

    Optional<PruneResult> result() {
        return readIfThere(RESULT, PruneResult.class, result -> {});
    }

    void saveResult(PruneResult result) {
        write(RESULT, result);
    }

    /** Deletes a record that was begun here and in which no stage was finished. */
    @Override
    public synchronized void close() {
        if (ended) {
            return;
        }
        ended = true;
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException _) {
            return; // the process is ending, and what is there may be resumed
        }
        try (lock) {
            if (!begun || Files.exists(path.resolve(ORDER))) {
                return;
            }
            Files.deleteIfExists(path.resolve(LOG));
            Files.deleteIfExists(path.resolve(MANIFEST));
            lock.delete();
            if (made) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            throw new Failure(
                    FailureKind.STORAGE,
                    "cannot delete the record of a run that did not get anywhere, '" + path + "': " + Reason.of(e)
                            + "; delete it by hand",
                    e);
        }
    }

    private synchronized void endWriting() {
        ended = true;
    }

    private void checkNotEnded() {
        if (ended) {
            throw new IllegalStateException("the record in '" + path + "' is closed");
        }
    }

    /** @param check throws an IllegalArgumentException if what was read cannot be of this run */
    private <T> Optional<T> readIfThere(String name, Class<T> type, Consumer<T> check) {
        Path file = path.resolve(name);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        T contents = RecordFile.read(file, manifest.id(), type);
        try {
            check.accept(contents);
            return Optional.of(contents);
        } catch (IllegalArgumentException e) {
            throw RecordFile.damaged(file, OneLine.of(String.valueOf(e.getMessage())), e);
        }
    }

    private void write(String name, Object contents) {
        write(name, RecordFile.bytes(manifest.id(), contents));
    }

    private synchronized void write(String name, byte[] contents) {
        checkNotEnded();
        AtomicFile.write(path.resolve(name), contents);
    }

    /** Refuses a directory with files that are not known to be ours. */
    private static void requireNothingBut(Path path, Set<String> names) {
        if (!Files.exists(path)) {
            return;
        }
        try (Stream<Path> children = Files.list(path)) {
            if (children.anyMatch(child -> !names.contains(String.valueOf(child.getFileName())))) {
                throw new Failure(
                        FailureKind.OUTPUT_NOT_EMPTY,
                        "the run directory '" + path + "' is not empty; choose another one with --run-dir");
            }
        } catch (IOException e) {
            throw new Failure(
                    FailureKind.OUTPUT_NOT_EMPTY,
                    "'" + path + "' is not a directory to keep the record of a run in; choose another one with"
                            + " --run-dir",
                    e);
        }
    }
}
