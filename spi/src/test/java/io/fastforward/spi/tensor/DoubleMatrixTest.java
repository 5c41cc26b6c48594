package io.fastforward.spi.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.lang.foreign.Arena;
import org.junit.jupiter.api.Test;

class DoubleMatrixTest {

    /** Row i, column j holds 10 i + j. */
    private static DoubleMatrix numbered(Arena arena, int rows, int columns) {
        DoubleMatrix matrix = DoubleMatrix.allocate(arena, rows, columns);
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                matrix.set(i, j, 10 * i + j);
            }
        }
        return matrix;
    }

    @Test
    void rowsAreCopiedInBulk() {
        try (Arena arena = Arena.ofConfined()) {
            DoubleMatrix matrix = numbered(arena, 3, 5);
            double[] row = {-1, -1, -1, -1, -1};
            matrix.readRow(2, row, 4);
            assertThat(row).containsExactly(20, 21, 22, 23, -1);
            matrix.writeRow(1, row, 2);
            assertThat(matrix.get(1, 1)).isEqualTo(21);
            assertThat(matrix.get(1, 2)).isEqualTo(12);
            matrix.readRow(0, row, 0);
            assertThat(row[0]).isEqualTo(20);
        }
    }

    @Test
    void aBlockIsInTheSameMemory() {
        try (Arena arena = Arena.ofConfined()) {
            DoubleMatrix matrix = numbered(arena, 4, 5);
            DoubleMatrix block = matrix.block(1, 3, 2, 2).block(1, 2, 1, 1);
            assertThat(block.get(0, 0)).isEqualTo(23);
            assertThat(block.get(1, 0)).isEqualTo(33);
            block.writeRow(1, new double[] {7}, 1);
            assertThat(matrix.get(3, 3)).isEqualTo(7);
            assertThat(matrix.block(4, 0, 0, 5).rows()).isZero();
            assertThat(matrix.block(0, 4, 5, 0).columns()).isZero();
        }
    }

    @Test
    void whatIsOutsideIsRefused() {
        try (Arena arena = Arena.ofConfined()) {
            DoubleMatrix matrix = numbered(arena, 4, 5);
            DoubleMatrix narrow = matrix.block(0, 4, 0, 3);
            double[] row = new double[9];
            assertThatExceptionOfType(IndexOutOfBoundsException.class).isThrownBy(() -> narrow.readRow(0, row, 4));
            assertThatExceptionOfType(IndexOutOfBoundsException.class).isThrownBy(() -> narrow.writeRow(4, row, 1));
            assertThatExceptionOfType(IndexOutOfBoundsException.class).isThrownBy(() -> narrow.block(0, 5, 0, 1));
            assertThatExceptionOfType(IndexOutOfBoundsException.class).isThrownBy(() -> narrow.block(0, 1, 2, 2));
        }
    }
}
