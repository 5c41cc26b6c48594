package io.fastforward.zeroshot;

import java.util.Collections;
import java.util.List;

/**
 * A question as it is put to a model: of each choice, what is read and what is scored.
 *
 * @param contexts what is read, one for each choice; alike but where a choice stands in the context
 * @param continuations what is scored behind it and a space, one for each choice
 * @param answer index of the right choice
 */
record ZeroShotQuestion(List<String> contexts, List<String> continuations, int answer) {

    /** What stands between a context and what is scored. */
    static final String DELIMITER = " ";

    private static final String BETWEEN_EXAMPLES = "\n\n";

    /** @throws IllegalArgumentException if there are fewer than two choices, or the answer is none of them */
    ZeroShotQuestion {
        contexts = List.copyOf(contexts);
        continuations = List.copyOf(continuations);
        int choices = continuations.size();
        if (choices < 2 || contexts.size() != choices || answer < 0 || answer >= choices) {
            throw new IllegalArgumentException("it needs at least two choices, each with a text and a label, and the"
                    + " index of the right one, but has " + choices + " choices and the answer " + answer);
        }
    }

    /** A question with one context. */
    static ZeroShotQuestion of(String context, List<String> choices, int answer) {
        return new ZeroShotQuestion(Collections.nCopies(choices.size(), context), choices, answer);
    }

    /** The question with its answer, as it stands before another one. */
    String example() {
        return contexts.get(answer) + DELIMITER + continuations.get(answer) + BETWEEN_EXAMPLES;
    }

    /** The same question behind examples. */
    ZeroShotQuestion behind(String examples) {
        return new ZeroShotQuestion(contexts.stream().map(examples::concat).toList(), continuations, answer);
    }
}
