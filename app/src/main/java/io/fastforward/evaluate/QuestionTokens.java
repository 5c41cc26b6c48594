package io.fastforward.evaluate;

import io.fastforward.spi.search.Workload.Choice;
import io.fastforward.spi.search.Workload.Question;
import java.util.List;

/**
 * How much questions ask of a model.
 *
 * @param all tokens of every choice with its question
 * @param distinct the same with what choices of a question begin with counted once
 * @param scored tokens whose likelihood is asked for
 * @param calls of the model, if each question and each choice is one
 */
public record QuestionTokens(double all, double distinct, double scored, double calls) {

    /** Those of some questions. */
    public static QuestionTokens of(List<Question> questions) {
        double all = 0;
        double scored = 0;
        double beginnings = 0;
        double calls = questions.size();
        for (Question question : questions) {
            for (Choice choice : question.choices()) {
                all += choice.tokens().length;
                scored += choice.tokens().length - choice.firstScored();
                calls++;
            }
            beginnings += question.choices().getFirst().firstScored();
        }
        return new QuestionTokens(all, beginnings + scored, scored, calls);
    }
}
