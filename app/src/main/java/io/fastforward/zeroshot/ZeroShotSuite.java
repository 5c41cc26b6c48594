package io.fastforward.zeroshot;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Setting;
import io.fastforward.tokenizer.TextSource;
import io.fastforward.tokenizer.Tokenizer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The tasks whose files lie in a directory: {@code piqa.jsonl} holds the questions of PIQA, {@code piqa.train.jsonl} the
 * examples for them; both may be gzipped, with {@code .gz} at the end.
 *
 * @param shots examples before each question
 * @param parts the tasks that are there
 * @param missing the tasks that are not
 */
public record ZeroShotSuite(int shots, List<Part> parts, List<ZeroShotTask> missing) {

    private static final List<String> ENDS = List.of("", ".gz");

    /**
     * What is asked of a task.
     *
     * @param file the questions
     * @param examples for {@code shots} of them
     */
    public record Part(ZeroShotTask task, TaskFile file, Optional<TaskFile> examples) {}

    /**
     * What of a suite is wanted.
     *
     * @param directory holds the files
     * @param tasks which tasks; none: those whose files are there
     * @param mostQuestions of each task, its first ones
     * @param shots examples before each question; 0: none
     */
    public record Wanted(Path directory, List<ZeroShotTask> tasks, int mostQuestions, int shots) {

        public Wanted {
            tasks = List.copyOf(tasks);
            Setting.MOST_TASKS.requireAtLeast(1, mostQuestions);
            Setting.SHOTS.require(shots >= 0 && shots <= 1000, "from 0 to 1000", shots);
        }
    }

    public ZeroShotSuite {
        parts = List.copyOf(parts);
        missing = List.copyOf(missing);
    }

    /**
     * Reads the files, all of them, so that whatever is wrong with one is said before a model is asked.
     *
     * @throws Failure of kind {@link FailureKind#NOT_FOUND} if there is no such directory, or not what is wanted of it,
     *     {@link FailureKind#BAD_TEXT} if a file is not in its data set's format
     */
    public static ZeroShotSuite read(Wanted wanted) {
        if (!Files.isDirectory(wanted.directory())) {
            throw FailureKind.NOT_FOUND.failure(Setting.TASKS + ": '" + wanted.directory()
                    + "' is no directory, expected one that holds " + expected(List.of(ZeroShotTask.values())));
        }
        boolean whatThereIs = wanted.tasks().isEmpty();
        List<Part> parts = new ArrayList<>();
        List<ZeroShotTask> missing = new ArrayList<>();
        for (ZeroShotTask task : whatThereIs ? List.of(ZeroShotTask.values()) : wanted.tasks()) {
            Optional<TextSource> file = find(wanted.directory(), name(task));
            file.ifPresentOrElse(found -> parts.add(part(wanted, task, found)), () -> missing.add(task));
        }
        if (parts.isEmpty() || (!whatThereIs && !missing.isEmpty())) {
            throw FailureKind.NOT_FOUND.failure("the directory '" + wanted.directory() + "' does not hold "
                    + expected(missing) + "; with Python's datasets, such a file is"
                    + " load_dataset(...)[\"validation\"].to_json(\"FILE\"), or [\"test\"] for the two of ARC and"
                    + " OpenBookQA");
        }
        return new ZeroShotSuite(wanted.shots(), parts, missing);
    }

    /** The harness's names of what is not there. */
    public List<String> missingNames() {
        return missing.stream().map(ZeroShotTask::taskName).toList();
    }

    private static Part part(Wanted wanted, ZeroShotTask task, TextSource source) {
        Optional<TaskFile> examples = wanted.shots() == 0
                ? Optional.empty()
                : Optional.of(TaskFile.read(task, examples(wanted, task), Integer.MAX_VALUE));
        return new Part(task, TaskFile.read(task, source, wanted.mostQuestions()), examples);
    }

    private static TextSource examples(Wanted wanted, ZeroShotTask task) {
        String name = task.taskName() + ".train.jsonl";
        return find(wanted.directory(), name)
                .orElseThrow(() -> FailureKind.NOT_FOUND.failure("the directory '" + wanted.directory()
                        + "' does not hold " + name + " (or .gz), from whose questions the examples for "
                        + Setting.SHOTS + " " + wanted.shots() + " are drawn: the data set's train part"));
    }

    private static Optional<TextSource> find(Path directory, String name) {
        List<Path> found = ENDS.stream()
                .map(end -> directory.resolve(name + end))
                .filter(Files::exists)
                .toList();
        if (found.size() > 1) {
            throw FailureKind.USAGE.failure(
                    "the directory '" + directory + "' holds " + name + " twice, packed and not; leave one of them");
        }
        return found.stream().findFirst().map(path -> TextSource.of("task file", path));
    }

    private static String name(ZeroShotTask task) {
        return task.taskName() + ".jsonl";
    }

    private static String expected(List<ZeroShotTask> tasks) {
        return tasks.stream().map(ZeroShotSuite::name).collect(Collectors.joining(", ")) + " (perhaps with .gz)";
    }

    /**
     * Tokenises all questions.
     *
     * @param contextLength most tokens that the model reads
     * @throws Failure of kind {@link FailureKind#BAD_TEXT} if a question cannot be scored
     */
    public List<TaskQuestions> tokenize(Tokenizer tokenizer, int contextLength) {
        Stream<TaskQuestions> all = parts.stream()
                .map(part -> TaskQuestions.of(
                        part.task(),
                        part.file(),
                        part.examples().map(file -> new FewShotExamples(part.task(), file, shots)),
                        tokenizer,
                        contextLength));
        return all.toList();
    }
}
