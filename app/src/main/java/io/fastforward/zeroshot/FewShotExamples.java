package io.fastforward.zeroshot;

import com.fasterxml.jackson.databind.JsonNode;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Setting;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Answered questions that stand before those of a task, others before each: drawn as the harness's default sampler draws
 * them, from the same random numbers. So the questions have to be asked for in their order. Used by one thread at a time.
 */
final class FewShotExamples {

    /** The harness's default for drawing examples. */
    private static final int SEED = 1234;

    private final List<TaskFile.Line> pool;
    private final boolean keepsAskedOut;
    private final int shots;
    private final PythonRandom random = new PythonRandom(SEED);

    /**
     * Examples from a file.
     *
     * @param shots how many stand before a question, at least 1
     * @throws Failure of kind {@link FailureKind#BAD_TEXT} if the file has fewer than are drawn at once
     */
    FewShotExamples(ZeroShotTask task, TaskFile file, int shots) {
        this.pool = file.lines();
        this.keepsAskedOut = task.keepsAskedOut();
        this.shots = shots;
        if (drawn() > pool.size()) {
            throw FailureKind.BAD_TEXT.failure(file.source().describe() + " holds " + pool.size()
                    + " questions, expected at least " + drawn() + " for " + Setting.SHOTS + " " + shots
                    + (keepsAskedOut ? ": one is drawn more, in case that the question itself is among them" : ""));
        }
    }

    private int drawn() {
        return keepsAskedOut ? shots + 1 : shots;
    }

    /**
     * What stands before the next question.
     *
     * @param asked its line, which is no example of itself
     * @throws Failure of kind {@link FailureKind#BAD_TEXT} if too many lines are the question itself
     */
    String before(JsonNode asked) {
        List<ZeroShotQuestion> examples = questions(draw(pool, drawn()), asked);
        if (examples.size() < shots) {
            List<TaskFile.Line> others =
                    pool.stream().filter(line -> !line.document().equals(asked)).toList();
            if (others.size() < shots) {
                throw FailureKind.BAD_TEXT.failure("of the examples, only " + others.size()
                        + " are not the question that they are to stand before, expected " + shots);
            }
            examples = questions(draw(others, shots), asked);
        }
        return examples.stream().limit(shots).map(ZeroShotQuestion::example).collect(Collectors.joining());
    }

    private Stream<TaskFile.Line> draw(List<TaskFile.Line> from, int count) {
        return Arrays.stream(random.sample(from.size(), count)).mapToObj(from::get);
    }

    private List<ZeroShotQuestion> questions(Stream<TaskFile.Line> drawn, JsonNode asked) {
        return drawn.filter(line -> !keepsAskedOut || !line.document().equals(asked))
                .map(TaskFile.Line::question)
                .toList();
    }
}
