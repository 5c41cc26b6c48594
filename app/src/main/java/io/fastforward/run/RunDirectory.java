package io.fastforward.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.fastforward.checkpoint.AtomicDirectory;
import io.fastforward.checkpoint.AtomicFile;
import io.fastforward.checkpoint.ShutdownHook;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.model.ModelSpec;
import io.fastforward.prune.NestedOrder;
import io.fastforward.search.SearchState;
import io.fastforward.search.TrialRecord;
import io.fastforward.spi.Policy;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The record of a run on disk. Every file is written whole or not at all, so that whatever is there after a crash can
 * be used: {@code manifest.json}, {@code nested-order.json}, {@code search-state.json}, {@code trials.jsonl},
 * {@code search-result.json}, {@code policy.json}, {@code export.json}, {@code result.json}, {@code run.log}.
 *
 * <p>If the process is told to end (Ctrl-C), a shutdown hook waits for the write that has begun and lets no other
 * begin. Closing a new record in which no stage was finished deletes it: there is nothing to go on from.
 */
final class RunDirectory implements AutoCloseable {

    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(SerializationFeature.INDENT_OUTPUT)
            .disable(MapperFeature.AUTO_DETECT_IS_GETTERS) // what a record computes is no part of it
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .build();

    private static final String MANIFEST = "manifest.json";
    private static final String ORDER = "nested-order.json";
    private static final String SEARCH_STATE = "search-state.json";
    private static final String TRIALS = "trials.jsonl";
    private static final String SEARCH_RESULT = "search-result.json";
    private static final String POLICY = "policy.json";
    private static final String EXPORT = "export.json";
    private static final String RESULT = "result.json";
    private static final String LOG = "run.log";

    private static final List<String> FILES =
            List.of(MANIFEST, ORDER, SEARCH_STATE, TRIALS, SEARCH_RESULT, POLICY, EXPORT, RESULT);

    private final Path path;
    private final Thread hook = new ShutdownHook(this::endWriting, "finish-record");
    private Manifest manifest;
    private boolean ended;

    private RunDirectory(Path path, Manifest manifest) {
        this.path = path;
        this.manifest = manifest;
    }

    /**
     * Takes a directory for a run.
     *
     * @param manifest of the run that is about to begin
     * @param resume whether the directory should hold an interrupted run with the same manifest, but for the device
     * @throws Failure if it holds another run, or, without {@code resume}, anything at all
     */
    static RunDirectory open(Path path, Manifest manifest, boolean resume) {
        if (holdsRun(path)) {
            if (!resume) {
                throw new Failure(
                        FailureKind.OUTPUT_NOT_EMPTY,
                        "the run directory '" + path + "' holds an earlier run; add --resume to go on with it, or"
                                + " choose another one with --run-dir");
            }
            RunDirectory directory = new RunDirectory(path, read(path.resolve(MANIFEST), Manifest.class));
            String difference = directory.manifest.differenceTo(manifest);
            if (!difference.isEmpty()) {
                throw new Failure(
                        FailureKind.BAD_RECORD,
                        "cannot resume the run in '" + path + "': it differs in " + difference
                                + "; give the same again, or start a run of its own with --run-dir");
            }
            Runtime.getRuntime().addShutdownHook(directory.hook);
            FILES.forEach(name -> AtomicDirectory.deleteAbandoned(path.resolve(name)));
            return directory;
        }
        if (resume) {
            throw new Failure(
                    FailureKind.BAD_RECORD, "there is no run to resume in '" + path + "'; start it without --resume");
        }
        requireEmpty(path);
        try {
            Files.createDirectories(path);
        } catch (IOException e) {
            throw new Failure(
                    FailureKind.STORAGE, "cannot create the run directory '" + path + "': " + e.getMessage(), e);
        }
        RunDirectory directory = new RunDirectory(path, manifest);
        Runtime.getRuntime().addShutdownHook(directory.hook);
        try {
            directory.write(MANIFEST, manifest);
            return directory;
        } catch (Throwable e) {
            directory.close();
            throw e;
        }
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

    Optional<NestedOrder> order() {
        return readIfThere(ORDER, NestedOrder.class);
    }

    void saveOrder(NestedOrder order) {
        write(ORDER, order);
    }

    Optional<SearchState> searchState() {
        return searchState(path);
    }

    /** The state of the search that some run directory holds. */
    static Optional<SearchState> searchState(Path runDirectory) {
        Path file = searchStateFile(runDirectory);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try {
            return Optional.of(SearchState.parse(Files.readString(file)));
        } catch (IOException e) {
            throw damaged(file, e);
        }
    }

    static Path searchStateFile(Path runDirectory) {
        return runDirectory.resolve(SEARCH_STATE);
    }

    /**
     * Records a batch: first its trials, then the state that counts them, so that a crash in between only leaves lines
     * that {@link #dropTrialsAfter} removes.
     */
    synchronized void saveBatch(List<TrialRecord> trials, SearchState state) {
        checkNotEnded();
        StringBuilder lines = new StringBuilder();
        trials.forEach(trial -> lines.append(trial.toJson()).append('\n'));
        Path file = path.resolve(TRIALS);
        try {
            Files.writeString(file, lines, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new Failure(FailureKind.STORAGE, "cannot write '" + file + "': " + e.getMessage(), e);
        }
        write(SEARCH_STATE, state.toJson().getBytes(StandardCharsets.UTF_8));
    }

    /** Keeps the records of the first episodes alone, whatever a crash left behind them. */
    void dropTrialsAfter(int episodes) {
        Path file = path.resolve(TRIALS);
        List<String> lines = new ArrayList<>();
        try {
            if (Files.exists(file)) {
                lines.addAll(Files.readAllLines(file));
            }
        } catch (IOException e) {
            throw damaged(file, e);
        }
        if (lines.size() < episodes) {
            throw new Failure(
                    FailureKind.BAD_RECORD,
                    "'" + file + "' holds " + lines.size() + " trials, but the search had done " + episodes
                            + "; start the run anew");
        }
        String kept =
                lines.subList(0, episodes).stream().map(line -> line + "\n").collect(Collectors.joining());
        write(TRIALS, kept.getBytes(StandardCharsets.UTF_8));
    }

    Optional<SearchOutcome> searchOutcome() {
        return readIfThere(SEARCH_RESULT, SearchOutcome.class);
    }

    void saveSearchOutcome(SearchOutcome outcome) {
        write(SEARCH_RESULT, outcome);
    }

    void savePolicy(Policy policy, ModelSpec spec, double sparsity) {
        write(POLICY, PolicyFile.bytes(policy, spec, sparsity));
    }

    Optional<ExportRecord> export() {
        return readIfThere(EXPORT, ExportRecord.class);
    }

    void saveExport(ExportRecord export) {
        write(EXPORT, export);
    }

    Optional<PruneResult> result() {
        return readIfThere(RESULT, PruneResult.class);
    }

    void saveResult(PruneResult result) {
        write(RESULT, result);
    }

    /** Deletes a new record in which no stage was finished. */
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
        if (Files.exists(path.resolve(ORDER))) {
            return;
        }
        try {
            Files.deleteIfExists(path.resolve(LOG));
            Files.deleteIfExists(path.resolve(MANIFEST));
            Files.deleteIfExists(path);
        } catch (IOException e) {
            throw new Failure(
                    FailureKind.STORAGE,
                    "cannot delete the record of a run that did not get anywhere, '" + path + "': " + e.getMessage(),
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

    private <T> Optional<T> readIfThere(String name, Class<T> type) {
        Path file = path.resolve(name);
        return Files.exists(file) ? Optional.of(read(file, type)) : Optional.empty();
    }

    private static <T> T read(Path file, Class<T> type) {
        try {
            T contents = JSON.readValue(Files.readAllBytes(file), type);
            if (contents == null) {
                throw damaged(file, new IOException("it holds null"));
            }
            return contents;
        } catch (IOException e) {
            throw damaged(file, e);
        }
    }

    private void write(String name, Object contents) {
        try {
            write(name, JSON.writeValueAsBytes(contents));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("records must be writable as JSON", e);
        }
    }

    private synchronized void write(String name, byte[] contents) {
        checkNotEnded();
        AtomicFile.write(path.resolve(name), contents);
    }

    private static void requireEmpty(Path path) {
        if (!Files.exists(path)) {
            return;
        }
        try (Stream<Path> children = Files.list(path)) {
            if (children.findAny().isPresent()) {
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

    private static Failure damaged(Path file, IOException cause) {
        return new Failure(
                FailureKind.BAD_RECORD,
                "'" + file + "' is damaged ("
                        + String.valueOf(cause.getMessage()).lines().findFirst().orElse("") + "); start the run anew",
                cause);
    }
}
