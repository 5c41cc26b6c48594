package io.fastforward.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.fastforward.checkpoint.AtomicFile;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.prune.NestedOrder;
import io.fastforward.search.SearchState;
import io.fastforward.search.TrialRecord;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The record of a run on disk. Every file is written whole or not at all, so that whatever is there after a crash can
 * be used: {@code manifest.json}, {@code nested-order.json}, {@code search-state.json}, {@code trials.jsonl},
 * {@code policy.json}, {@code result.json}, {@code run.log}.
 */
final class RunDirectory {

    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(SerializationFeature.INDENT_OUTPUT)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .build();

    private final Path path;

    private RunDirectory(Path path) {
        this.path = path;
    }

    /**
     * Takes a directory for a run.
     *
     * @param manifest of the run that is about to begin
     * @param resume whether the directory should hold an interrupted run with the same manifest
     * @throws Failure if it holds another run, or, without {@code resume}, anything at all
     */
    static RunDirectory open(Path path, Manifest manifest, boolean resume) {
        RunDirectory directory = new RunDirectory(path);
        Path manifestFile = path.resolve("manifest.json");
        if (Files.exists(manifestFile)) {
            if (!resume) {
                throw new Failure(
                        FailureKind.OUTPUT_NOT_EMPTY,
                        "the run directory " + path + " holds an earlier run; add --resume to go on with it, or choose"
                                + " another one with --run-dir");
            }
            String difference = directory.read(manifestFile, Manifest.class).differenceTo(manifest);
            if (!difference.isEmpty()) {
                throw new Failure(
                        FailureKind.BAD_RECORD, "cannot resume the run in " + path + ": it differs in " + difference);
            }
            return directory;
        }
        if (resume) {
            throw new Failure(
                    FailureKind.BAD_RECORD, "there is no run to resume in " + path + "; start it without --resume");
        }
        requireEmpty(path);
        try {
            Files.createDirectories(path);
        } catch (IOException e) {
            throw new Failure(
                    FailureKind.STORAGE, "cannot create the run directory " + path + ": " + e.getMessage(), e);
        }
        directory.write("manifest.json", manifest);
        return directory;
    }

    Path path() {
        return path;
    }

    Path policyFile() {
        return path.resolve("policy.json");
    }

    Path logFile() {
        return path.resolve("run.log");
    }

    Optional<NestedOrder> order() {
        return readIfThere("nested-order.json", NestedOrder.class);
    }

    void saveOrder(NestedOrder order) {
        write("nested-order.json", order);
    }

    Optional<SearchState> searchState() {
        return searchState(path);
    }

    /** The state of the search that some run directory holds. */
    static Optional<SearchState> searchState(Path runDirectory) {
        Path file = runDirectory.resolve("search-state.json");
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try {
            return Optional.of(SearchState.parse(Files.readString(file)));
        } catch (IOException e) {
            throw damaged(file, e);
        }
    }

    /**
     * Records a batch: first its trials, then the state that counts them, so that a crash in between only leaves lines
     * that {@link #dropTrialsAfter} removes.
     */
    void saveBatch(List<TrialRecord> trials, SearchState state) {
        StringBuilder lines = new StringBuilder();
        trials.forEach(trial -> lines.append(trial.toJson()).append('\n'));
        Path file = path.resolve("trials.jsonl");
        try {
            Files.writeString(file, lines, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new Failure(FailureKind.STORAGE, "cannot write " + file + ": " + e.getMessage(), e);
        }
        AtomicFile.write(path.resolve("search-state.json"), state.toJson().getBytes(StandardCharsets.UTF_8));
    }

    /** Keeps the records of the first episodes alone, whatever a crash left behind them. */
    void dropTrialsAfter(int episodes) {
        Path file = path.resolve("trials.jsonl");
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
                    file + " holds " + lines.size() + " trials, but the search had done " + episodes
                            + "; start the run anew");
        }
        String kept =
                lines.subList(0, episodes).stream().map(line -> line + "\n").collect(Collectors.joining());
        AtomicFile.write(file, kept.getBytes(StandardCharsets.UTF_8));
    }

    boolean hasResult() {
        return Files.exists(path.resolve("result.json"));
    }

    void saveResult(byte[] json) {
        AtomicFile.write(path.resolve("result.json"), json);
    }

    private <T> Optional<T> readIfThere(String name, Class<T> type) {
        Path file = path.resolve(name);
        return Files.exists(file) ? Optional.of(read(file, type)) : Optional.empty();
    }

    private <T> T read(Path file, Class<T> type) {
        try {
            return JSON.readValue(Files.readAllBytes(file), type);
        } catch (IOException e) {
            throw damaged(file, e);
        }
    }

    private void write(String name, Object contents) {
        try {
            AtomicFile.write(path.resolve(name), JSON.writeValueAsBytes(contents));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("records must be writable as JSON", e);
        }
    }

    private static void requireEmpty(Path path) {
        if (!Files.exists(path)) {
            return;
        }
        try (var children = Files.list(path)) {
            if (children.findAny().isPresent()) {
                throw new Failure(
                        FailureKind.OUTPUT_NOT_EMPTY,
                        "the run directory " + path + " is not empty; choose another one with --run-dir");
            }
        } catch (IOException e) {
            throw new Failure(FailureKind.OUTPUT_NOT_EMPTY, path + " is not a directory to write into", e);
        }
    }

    private static Failure damaged(Path file, IOException cause) {
        return new Failure(
                FailureKind.BAD_RECORD,
                file + " is damaged ("
                        + String.valueOf(cause.getMessage()).lines().findFirst().orElse("") + "); start the run anew",
                cause);
    }
}
