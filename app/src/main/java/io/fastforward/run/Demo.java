package io.fastforward.run;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fastforward.checkpoint.AtomicDirectory;
import io.fastforward.checkpoint.AtomicFile;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Reason;
import io.fastforward.failure.Setting;
import io.fastforward.json.StrictJson;
import io.fastforward.settings.PruneSettings;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * The bundled demo: a small trained LLaMA with texts and questions, unpacked from the jar.
 *
 * @param directory where everything of the demo lies
 */
public record Demo(Path directory) {

    private static final String RESOURCES = "/demo/";
    private static final String SETTINGS = "/io/fastforward/run/demo-settings.json";
    private static final String NAME = "fastforward-demo";
    private static final List<String> MODEL_FILES = List.of(
            "config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json");
    private static final List<String> TOKENIZER_FILES = List.of("tokenizer.json", "tokenizer_config.json");
    private static final List<String> DATA_FILES = List.of("calibration.txt", "validation.txt", "tasks.jsonl");

    /** Most questions to ask. */
    public static final int MOST_TASKS = 100;

    /** What is asked for unless the user says otherwise. */
    public static PruneSettings settings() {
        try (InputStream overrides = resource(SETTINGS)) {
            return PruneSettings.DEFAULT.with(StrictJson.MAPPER.readValue(overrides, ObjectNode.class), "the demo");
        } catch (IOException e) {
            throw new UncheckedIOException("the demo's settings cannot be read from the jar", e);
        }
    }

    /**
     * A directory in the current one: {@code fastforward-demo}, or with a number if there is a run in that.
     *
     * @param resume whether to take the last one that holds a run, instead of the first one that does not
     */
    public static Demo inCurrentDirectory(boolean resume) {
        Demo last = new Demo(Path.of(NAME));
        Demo demo = last;
        for (int number = 2; demo.isUsed(); number++) {
            last = demo;
            demo = new Demo(Path.of(NAME + "-" + number));
        }
        return resume ? last : demo;
    }

    /** Where the pruned model goes. */
    public Path output() {
        return directory.resolve("pruned");
    }

    /** Where the record of the run goes unless the user says otherwise. */
    public Path runDirectory() {
        return directory.resolve("pruned-run");
    }

    private boolean isUsed() {
        return Files.exists(output()) || Files.exists(runDirectory());
    }

    /**
     * Checks that the directory holds nothing but a demo, perhaps from earlier.
     *
     * @throws Failure if it holds something else
     */
    public void requireOwnDirectory() {
        if (!Files.exists(directory)) {
            return;
        }
        try {
            Optional<Path> stranger = AtomicDirectory.children(directory).stream()
                    .filter(child -> !isOwn(child))
                    .findFirst();
            if (stranger.isPresent()) {
                throw FailureKind.OUTPUT_NOT_EMPTY.failure(
                        "the demo needs a directory of its own, but '" + directory + "' holds "
                                + stranger.get().getFileName() + "; choose another one with "
                                + Setting.OUTPUT);
            }
        } catch (IOException e) {
            throw FailureKind.OUTPUT_NOT_EMPTY.failure(
                    "the demo needs a directory, but '" + directory + "' is none that can be read; choose another one"
                            + " with " + Setting.OUTPUT,
                    e);
        }
    }

    private boolean isOwn(Path child) {
        return child.equals(model())
                || DATA_FILES.contains(String.valueOf(child.getFileName()))
                || child.startsWith(output())
                || child.startsWith(runDirectory())
                || String.valueOf(child.getFileName()).contains(".partial-");
    }

    /** Writes the bundled tokenizer into a directory. */
    static void unpackTokenizer(Path directory) {
        TOKENIZER_FILES.forEach(name -> unpack(name, directory.resolve(name)));
    }

    /** Deletes what {@link #unpackTokenizer} has written, and the directory. */
    static void deleteTokenizer(Path directory) throws IOException {
        for (String name : TOKENIZER_FILES) {
            Files.deleteIfExists(directory.resolve(name));
        }
        Files.deleteIfExists(directory);
    }

    /** Writes the bundled files. */
    public void unpack() {
        for (String name : MODEL_FILES) {
            unpack(name, model().resolve(name));
        }
        for (String name : DATA_FILES) {
            unpack(name, directory.resolve(name));
        }
    }

    /** The checkpoint. */
    public Path model() {
        return directory.resolve("model");
    }

    /** The text for statistics, reward and calibration. */
    public Path calibrationText() {
        return directory.resolve("calibration.txt");
    }

    /** The text that figures are reported on. */
    public Path evaluationText() {
        return directory.resolve("validation.txt");
    }

    /** The multiple-choice questions. */
    public Path tasks() {
        return directory.resolve("tasks.jsonl");
    }

    private static void unpack(String name, Path target) {
        try (InputStream resource = resource(RESOURCES + name)) {
            if (!Files.exists(target)) {
                Files.createDirectories(target.toAbsolutePath().resolveSibling(""));
                AtomicFile.deleteAbandoned(target);
                AtomicFile.write(target, resource.readAllBytes());
            }
        } catch (IOException e) {
            throw FailureKind.STORAGE.failure("cannot unpack the demo to '" + target + "': " + Reason.of(e), e);
        }
    }

    private static InputStream resource(String name) {
        return Objects.requireNonNull(Demo.class.getResourceAsStream(name), name);
    }
}
