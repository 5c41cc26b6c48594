package io.fastforward.zeroshot;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.spi.search.Workload.Choice;
import io.fastforward.spi.search.Workload.Question;
import io.fastforward.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The questions of a task as tokens, ready to be asked of a model.
 *
 * @param task which task
 * @param questions in the order of the file
 * @param lengths characters of each choice of each question, counted as Unicode code points
 * @param shortened how many contexts have lost their beginning because they do not fit into the model
 */
public record TaskQuestions(ZeroShotTask task, List<Question> questions, List<int[]> lengths, int shortened) {

    public TaskQuestions {
        questions = List.copyOf(questions);
        lengths = List.copyOf(lengths);
    }

    /**
     * Tokenises questions.
     *
     * @param examples what stands before them
     * @param contextLength most tokens that the model reads
     * @throws Failure of kind {@link FailureKind#BAD_TEXT} if a question cannot be scored; the message names the line
     */
    static TaskQuestions of(
            ZeroShotTask task,
            TaskFile file,
            Optional<FewShotExamples> examples,
            Tokenizer tokenizer,
            int contextLength) {
        PairEncoding encoding = new PairEncoding(tokenizer, contextLength);
        List<Question> questions = new ArrayList<>();
        List<int[]> lengths = new ArrayList<>();
        for (TaskFile.Line line : file.lines()) {
            String before = examples.map(few -> few.before(line.document())).orElse("");
            ZeroShotQuestion question = line.question().behind(before);
            try {
                questions.add(encoded(question, encoding));
            } catch (IllegalArgumentException e) {
                throw FailureKind.BAD_TEXT.failure(file.where(line) + " cannot be scored: " + e.getMessage(), e);
            }
            lengths.add(question.continuations().stream()
                    .mapToInt(choice -> choice.codePointCount(0, choice.length()))
                    .toArray());
        }
        return new TaskQuestions(task, questions, lengths, encoding.cut());
    }

    private static Question encoded(ZeroShotQuestion question, PairEncoding encoding) {
        List<Choice> choices = new ArrayList<>();
        for (int i = 0; i < question.contexts().size(); i++) {
            choices.add(encoding.encode(
                    question.contexts().get(i),
                    ZeroShotQuestion.DELIMITER + question.continuations().get(i)));
        }
        return new Question(choices, question.answer());
    }

    /** Token sequences: one for each choice. */
    public int sequences() {
        return questions.stream()
                .mapToInt(question -> question.choices().size())
                .sum();
    }
}
