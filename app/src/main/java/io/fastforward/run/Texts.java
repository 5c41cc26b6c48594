package io.fastforward.run;

import io.fastforward.checkpoint.FileHash;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Setting;
import io.fastforward.run.stage.RunWindows;
import io.fastforward.tokenizer.TextSource;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The texts of a run.
 *
 * @param calibration for everything but figures
 * @param evaluation for figures, if it is one of its own
 * @param tasks questions to ask
 * @param rewardTasks questions that candidates of a search are asked
 */
record Texts(
        TextSource calibration,
        Optional<TextSource> evaluation,
        Optional<TextSource> tasks,
        Optional<TextSource> rewardTasks) {

    static Texts of(PruneRequest.Files files) {
        return new Texts(
                TextSource.text(files.calibrationText()),
                files.evaluationText().map(TextSource::text),
                files.tasks().map(Texts::tasks),
                files.rewardTasks().map(Texts::tasks));
    }

    static Texts of(Path calibration, Optional<Path> evaluation, Optional<Path> tasks) {
        return new Texts(
                TextSource.text(calibration),
                evaluation.map(TextSource::text),
                tasks.map(Texts::tasks),
                Optional.empty());
    }

    static TextSource tasks(Path file) {
        return TextSource.of("task file", file);
    }

    /**
     * Hashes of the files, by their role, for the manifest.
     *
     * @param windows what was read of them
     */
    Map<String, FileHash> hashes(RunWindows windows) {
        Map<String, FileHash> files = new TreeMap<>();
        windows.texts().forEach((role, text) -> files.put(role, text.file()));
        tasks.ifPresent(file -> files.put("tasks", file.hash()));
        rewardTasks.ifPresent(file -> files.put("reward tasks", file.hash()));
        return files;
    }

    /**
     * Checks that no two of them are the same pipe.
     *
     * @throws Failure of kind {@link FailureKind#USAGE} if two are
     */
    void requireStreamsOfTheirOwn() {
        requireStreamsOfTheirOwn(Map.of(
                Setting.CALIBRATION_TEXT,
                Optional.of(calibration),
                Setting.EVALUATION_TEXT,
                evaluation,
                Setting.TASKS,
                tasks,
                Setting.REWARD_TASKS,
                rewardTasks));
    }

    /**
     * Checks that no two settings name the same pipe: each of them would get a part of what comes through.
     *
     * @throws Failure of kind {@link FailureKind#USAGE} if two do
     */
    static void requireStreamsOfTheirOwn(Map<Setting, Optional<TextSource>> sources) {
        List<Map.Entry<Setting, Optional<TextSource>>> all = List.copyOf(new TreeMap<>(sources).entrySet());
        for (int i = 0; i < all.size(); i++) {
            for (int j = i + 1; j < all.size(); j++) {
                Optional<TextSource> first = all.get(i).getValue();
                Optional<TextSource> second = all.get(j).getValue();
                if (first.isPresent() && second.isPresent() && first.get().sharesStreamWith(second.get())) {
                    throw FailureKind.USAGE.failure(
                            all.get(i).getKey() + " and " + all.get(j).getKey()
                                    + " name the same pipe, which can be read but once; give one of them a file");
                }
            }
        }
    }
}
