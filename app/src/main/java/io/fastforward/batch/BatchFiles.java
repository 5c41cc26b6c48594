package io.fastforward.batch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.run.PruneRequest;
import io.fastforward.settings.PruneSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What all runs of a file read.
 *
 * @param models by the names of their directories, in their order
 * @param calibration text
 * @param evaluation text, if it is one of its own
 * @param tasks questions, if any are asked
 * @param mostTasks how many of them at most
 * @param rewardTasks questions for the searches that reward for them
 */
record BatchFiles(
        Map<String, Path> models,
        Path calibration,
        Optional<Path> evaluation,
        Optional<Path> tasks,
        int mostTasks,
        Optional<Path> rewardTasks) {

    /** The names that stand for these in a file. */
    static final Set<String> NAMES = Set.of("models", "calibration", "evaluation", "tasks", "mostTasks", "rewardTasks");

    /**
     * Those of a file.
     *
     * @throws Failure if something is missing there or in the file system, or can be read but once
     */
    static BatchFiles of(Section file) {
        BatchFiles files = new BatchFiles(
                models(file),
                file.path("calibration").orElseThrow(() -> missing(file, "calibration: FILE")),
                file.path("evaluation"),
                file.path("tasks"),
                file.count("mostTasks").orElse(Integer.MAX_VALUE),
                file.path("rewardTasks"));
        files.models.forEach((name, path) -> {
            RunDirectories.requireName(name);
            require(Files.isDirectory(path), path, "a model's directory");
        });
        require(Files.isRegularFile(files.calibration), files.calibration, "a text");
        files.evaluation.ifPresent(path -> require(Files.isRegularFile(path), path, "a text"));
        Stream.of(files.tasks, files.rewardTasks)
                .flatMap(Optional::stream)
                .forEach(path -> require(Files.isRegularFile(path), path, "questions"));
        return files;
    }

    /** What a run with some settings reads. */
    PruneRequest.Files of(Path model, PruneSettings settings) {
        return new PruneRequest.Files(
                model,
                calibration,
                evaluation,
                tasks,
                mostTasks,
                rewardTasks.filter(questions -> settings.search().reward().asksQuestions()),
                Optional.empty(),
                Optional.empty());
    }

    /** A path, a list of paths, or paths by names. */
    private static Map<String, Path> models(Section file) {
        JsonNode value = file.value("models").orElseThrow(() -> missing(file, "models: DIR"));
        Map<String, Path> models = new LinkedHashMap<>();
        if (value instanceof ObjectNode named && !named.isEmpty()) {
            named.properties().forEach(one -> models.put(one.getKey(), file.path("models", one.getValue())));
            return models;
        }
        for (JsonNode element : value.isTextual() ? List.of(value) : file.list("models")) {
            Path path = file.path("models", element);
            String name = String.valueOf(path.getFileName());
            if (models.put(name, path) != null) {
                throw file.tree()
                        .failure(
                                element,
                                "two models are called '" + name
                                        + "'; give them names, as in 'models: {a: DIR, b: DIR}'");
            }
        }
        return models;
    }

    private static Failure missing(Section file, String what) {
        return file.tree().failure(file.object(), "'" + what + "' is missing");
    }

    private static void require(boolean there, Path path, String what) {
        if (!there) {
            throw FailureKind.NOT_FOUND.failure("'" + path + "' is to be " + what
                    + ", but there is none; paths begin at the file that they stand in");
        }
    }
}
