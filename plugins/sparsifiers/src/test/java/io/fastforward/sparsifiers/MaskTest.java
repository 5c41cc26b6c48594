package io.fastforward.sparsifiers;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.spi.prune.Pattern;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MaskTest {

    private final SplittableRandom random = new SplittableRandom(5);

    /** Many equal scores and zeros among them; against a stable sort. */
    @ParameterizedTest
    @CsvSource({"1, 1, 0.5", "1, 1, 0.99", "7, 13, 0.3", "40, 50, 0.77", "3, 8, 2:4", "5, 80, 30:40", "5, 120, 7:40"})
    void theLowestScoresGoAndOfEqualOnesTheFirst(int rows, int columns, String text) {
        Pattern pattern = Pattern.parse(text);
        double[][] scores = new double[rows][columns];
        for (double[] row : scores) {
            Arrays.setAll(
                    row,
                    j -> random.nextInt(5) == 0 ? Math.scalb((double) random.nextInt(9), -300) : random.nextDouble());
        }
        Mask mask = Mask.ofMap(
                rows, columns, pattern, (row, target) -> System.arraycopy(scores[row], 0, target, 0, columns));
        BitSet expected = new BitSet();
        expected.set(0, rows * columns);
        int size = pattern instanceof Pattern.Groups groups ? groups.size() : rows * columns;
        int zeros = pattern instanceof Pattern.Groups groups
                ? groups.size() - groups.others()
                : (int) pattern.zerosInMap(rows, columns);
        for (int first = 0; first < rows * columns; first += size) {
            IntStream.range(first, first + size)
                    .boxed()
                    .sorted(Comparator.comparingDouble(index -> scores[index / columns][index % columns]))
                    .limit(zeros)
                    .forEach(expected::clear);
        }
        assertThat(mask.rows(0, rows)).isEqualTo(expected);
    }

    @Test
    void rowsHaveAsManyZerosEachWhereTheyAreLookedAtAlone() {
        double[][] scores = {{1, 2, 3, 4, 5}, {60, 50, 40, 30, 20}};
        Mask mask = Mask.ofRows(
                2, 5, Pattern.parse("0.5"), (row, target) -> System.arraycopy(scores[row], 0, target, 0, 5));
        assertThat(mask.rows(0, 2).stream()).containsExactly(2, 3, 4, 5, 6, 7);
        assertThat(mask.rows(1, 1).stream()).containsExactly(0, 1, 2);
    }
}
