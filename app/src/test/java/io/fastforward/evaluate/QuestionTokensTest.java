package io.fastforward.evaluate;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.spi.search.Workload.Choice;
import io.fastforward.spi.search.Workload.Question;
import java.util.List;
import org.junit.jupiter.api.Test;

class QuestionTokensTest {

    @Test
    void whatChoicesBeginWithIsReadOnce() {
        Question question = new Question(List.of(new Choice(new int[7], 5), new Choice(new int[8], 5)), 0);
        QuestionTokens tokens = QuestionTokens.of(List.of(question, question));
        assertThat(tokens).isEqualTo(new QuestionTokens(2 * 15, 2 * (5 + 2 + 3), 2 * (2 + 3), 2 * 3));
    }
}
