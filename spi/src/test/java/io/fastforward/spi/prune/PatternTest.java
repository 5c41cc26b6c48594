package io.fastforward.spi.prune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PatternTest {

    @Test
    void patternsAreReadAsTheyAreWritten() {
        assertThat(Pattern.parse("0.5")).isEqualTo(new Pattern.Share(0.5)).hasToString("0.5");
        assertThat(Pattern.parse("2:4")).isEqualTo(new Pattern.Groups(2, 4)).hasToString("2:4");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0", "1", "-0.5", "NaN", "half", "4:2", "2:2", "0:4", "2:", ":4", "2:4:8", "a:b"})
    void anythingElseIsRefused(String text) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Pattern.parse(text))
                .withMessageContainingAll("'" + text + "'", "2:4", "0.5");
    }

    @ParameterizedTest
    @CsvSource({
        "0.5, 0 0 1 1 / 1 1 0 0, true",
        "0.5, 0 0 0 0 / 1 1 1 1, true", // rows may share
        "0.5, 0 0 1 1 / 1 1 1 0, false",
        "0.7, 0 0 1 1 / 0 0 1 1, true", // as many as fit into a row wholly
        "2:4, 0 0 1 1 / 0 1 0 1, true",
        "2:4, 0 0 1 1 / 0 1 1 1, false",
        "1:2, 0 0 1 1 / 0 1 0 1, false",
    })
    void holds(String pattern, String rows, boolean expected) {
        try (Arena arena = Arena.ofConfined()) {
            String[] numbers = rows.replace("/ ", "").split(" ", -1);
            Matrix matrix = Matrix.allocate(arena, DataType.F16, 2, 4);
            for (int i = 0; i < 8; i++) {
                matrix.set(i / 4, i % 4, Float.parseFloat(numbers[i]));
            }
            assertThat(Pattern.parse(pattern).holdsIn(matrix)).isEqualTo(expected);
        }
    }

    @Test
    void groupsHaveToFillARow() {
        new Pattern.Groups(2, 4).requireFits(12);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Pattern.Groups(2, 4).requireFits(10))
                .withMessage("rows of 10 weights are no groups of 4");
    }
}
