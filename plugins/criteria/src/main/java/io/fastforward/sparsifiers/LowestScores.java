package io.fastforward.sparsifiers;

import io.fastforward.spi.measure.MapView;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.prune.Pattern;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.util.Arrays;

/** Sets the weights of lowest score of every row, or of every group of a row, to zero. */
final class LowestScores {

    private LowestScores() {}

    /**
     * A copy of a map with zeros. The score of a weight is its magnitude times the factor of its column; of equal scores,
     * the earlier column goes first.
     *
     * @throws IllegalArgumentException if a weight is not finite; the message says where
     */
    static Linear zeroed(MapView map, double[] factors, Pattern pattern, Arena arena) {
        Matrix weight = map.map().weight().copy(DataType.F32, arena);
        Matrix bias = map.map().bias();
        int columns = weight.columns();
        pattern.requireFits(columns);
        int size = pattern.groupSize(columns);
        double[] scores = new double[columns];
        for (int row = 0; row < weight.rows(); row++) {
            for (int column = 0; column < columns; column++) {
                scores[column] = Math.abs(finite(map, weight, row, column)) * factors[column];
            }
            for (int first = 0; first < columns; first += size) {
                zero(weight, row, scores, first, first + size, pattern.zerosInGroup(columns));
            }
        }
        return new Linear(weight, bias == null ? null : bias.copy(DataType.F32, arena));
    }

    private static void zero(Matrix weight, int row, double[] scores, int from, int to, int count) {
        if (count == 0) {
            return;
        }
        double[] sorted = Arrays.copyOfRange(scores, from, to);
        Arrays.sort(sorted);
        double highest = sorted[count - 1];
        int equal = count; // of those with the highest score that goes
        for (int i = 0; sorted[i] < highest; i++) {
            equal--;
        }
        for (int column = from; column < to; column++) {
            if (scores[column] < highest || (scores[column] == highest && equal-- > 0)) {
                weight.set(row, column, 0);
            }
        }
    }

    private static float finite(MapView map, Matrix weight, int row, int column) {
        float value = weight.get(row, column);
        if (!Float.isFinite(value)) {
            throw new IllegalArgumentException(map.place() + ": row " + row + ", column " + column + " is " + value
                    + ", but a finite number was expected; the checkpoint is damaged");
        }
        return value;
    }
}
