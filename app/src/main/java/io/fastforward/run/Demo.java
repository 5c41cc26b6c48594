package io.fastforward.run;

import io.fastforward.checkpoint.AtomicFile;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The bundled demo: a small trained LLaMA with texts and questions, unpacked from the jar.
 *
 * @param directory where everything of the demo lies
 */
public record Demo(Path directory) {

    private static final String RESOURCES = "/demo/";
    private static final List<String> MODEL_FILES = List.of(
            "config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json");
    private static final List<String> DATA_FILES = List.of("calibration.txt", "validation.txt", "tasks.jsonl");

    /** A directory of its own in the current one: {@code fastforward-demo}, or with a number if that is there. */
    public static Demo inFreshDirectory() {
        Path directory = Path.of("fastforward-demo");
        for (int number = 2; Files.exists(directory); number++) {
            directory = Path.of("fastforward-demo-" + number);
        }
        return new Demo(directory);
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
        try (InputStream resource = Demo.class.getResourceAsStream(RESOURCES + name)) {
            if (resource == null) {
                throw new IllegalStateException("the demo's " + name + " is not in the jar");
            }
            if (!Files.exists(target)) {
                Files.createDirectories(target.toAbsolutePath().resolveSibling(""));
                AtomicFile.write(target, resource.readAllBytes());
            }
        } catch (IOException e) {
            throw new Failure(FailureKind.STORAGE, "cannot unpack the demo to " + target + ": " + e.getMessage(), e);
        }
    }
}
