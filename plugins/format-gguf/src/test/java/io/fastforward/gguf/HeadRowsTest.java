package io.fastforward.gguf;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HeadRowsTest {

    @Test
    void pairsBecomeNeighbours() {
        HeadRows rows = new HeadRows(6);
        assertThat(IntStream.range(0, 12).map(rows::split)).containsExactly(0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11);
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 4, 6, 10, 64, 128})
    void oneOrderIsTheInverseOfTheOther(int headSize) {
        HeadRows rows = new HeadRows(headSize);
        assertThat(IntStream.range(0, 3 * headSize))
                .allSatisfy(row -> assertThat(rows.interleaved(rows.split(row))).isEqualTo(row));
    }
}
