package io.fastforward.prune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fastforward.spi.prune.Pattern;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.DoubleMatrix;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RetainedEnergyTest {

    /** The best ranks of a row, summed up over the rows; where a unit is whole ranks, nothing is shared. */
    @ParameterizedTest
    @CsvSource({"0.5, 5, 20, 10", "0.5, 1, 4, 4", "2:4, 3, 12, 4", "4:8, 2, 8, 8"})
    void unitsAreSumsOverRanks(String text, int rows, int columns, int units) {
        Pattern pattern = Pattern.parse(text);
        int size = pattern.groupSize(columns);
        SplittableRandom random = new SplittableRandom(3);
        try (Arena arena = Arena.ofConfined()) {
            Matrix weights = random(arena, random, rows, columns);
            DoubleMatrix squares = squares(arena, random, columns);
            double[] expected = new double[units];
            for (int i = 0; i < rows; i++) {
                for (int first = 0; first < columns; first += size) {
                    List<Double> energies = new ArrayList<>();
                    for (int j = first; j < first + size; j++) {
                        energies.add(Math.pow(weights.get(i, j), 2) * squares.get(0, j));
                    }
                    energies.sort(Collections.reverseOrder());
                    for (int rank = 0; rank < size; rank++) {
                        expected[rank * units / size] += energies.get(rank);
                    }
                }
            }
            RetainedEnergy energy = new RetainedEnergy(pattern, units);
            energy.add(weights, squares);
            List<Double> found = energy.perUnit();
            for (int unit = 0; unit < units; unit++) {
                assertThat(found.get(unit)).isCloseTo(expected[unit], within(1e-12 * (1 + expected[unit])));
            }
        }
    }

    /** Whatever does not divide: nothing is lost, and units descend. */
    @Test
    void unitsDescendAndAddUp() {
        SplittableRandom random = new SplittableRandom(5);
        for (int columns : new int[] {1, 3, 7, 99, 101, 257}) {
            try (Arena arena = Arena.ofConfined()) {
                Matrix weights = random(arena, random, 3, columns);
                DoubleMatrix squares = squares(arena, random, columns);
                double total = 0;
                for (int i = 0; i < 3; i++) {
                    for (int j = 0; j < columns; j++) {
                        total += Math.pow(weights.get(i, j), 2) * squares.get(0, j);
                    }
                }
                RetainedEnergy energy = new RetainedEnergy(Pattern.parse("0.5"), 100);
                energy.add(weights, squares);
                List<Double> units = energy.perUnit();
                assertThat(units).hasSize(100).isSortedAccordingTo(Collections.reverseOrder());
                assertThat(units.stream().mapToDouble(unit -> unit).sum())
                        .isCloseTo(total, within(1e-12 * (1 + total)));
            }
        }
    }

    private static Matrix random(Arena arena, SplittableRandom random, int rows, int columns) {
        Matrix matrix = Matrix.allocate(arena, DataType.F32, rows, columns);
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                matrix.set(i, j, (float) random.nextGaussian());
            }
        }
        return matrix;
    }

    private static DoubleMatrix squares(Arena arena, SplittableRandom random, int columns) {
        DoubleMatrix squares = DoubleMatrix.allocate(arena, 1, columns);
        for (int j = 0; j < columns; j++) {
            squares.set(0, j, random.nextDouble());
        }
        return squares;
    }
}
