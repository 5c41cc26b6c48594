package io.fastforward.spi.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ColumnMagnitudesTest {

    @ParameterizedTest
    @EnumSource(DataType.class)
    void areSumsOfMagnitudes(DataType type) {
        try (Arena arena = Arena.ofConfined()) {
            Matrix wide = Matrix.allocate(arena, type, 3, 5);
            for (int row = 0; row < 3; row++) {
                for (int column = 0; column < 5; column++) {
                    wide.set(row, column, (row - 1) * (column + 0.5f));
                }
            }
            assertThat(ColumnMagnitudes.of(wide)).containsExactly(1, 3, 5, 7, 9);
            assertThat(ColumnMagnitudes.of(wide.rowRange(1, 2))).containsExactly(0.5, 1.5, 2.5, 3.5, 4.5);
            wide.set(2, 3, Float.NaN);
            wide.set(1, 4, Float.NEGATIVE_INFINITY);
            assertThat(ColumnMagnitudes.of(wide)).containsExactly(1, 3, 5, Double.NaN, Double.POSITIVE_INFINITY);
        }
    }
}
