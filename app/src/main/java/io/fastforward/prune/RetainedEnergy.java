package io.fastforward.prune;

import io.fastforward.spi.prune.Pattern;
import io.fastforward.spi.tensor.DoubleMatrix;
import io.fastforward.spi.tensor.Matrix;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * How much of a module's output rests on its best, second best and further weights: Σ w² ‖x‖² over them, the square of what
 * Wanda ranks weights by, which is what zeros in their place cost if inputs are uncorrelated. Weights are ranked row by row,
 * or in the groups that a pattern has.
 */
final class RetainedEnergy {

    private final Pattern pattern;
    private final double[] units;

    /** @param units into how many equal shares of the weights ranks are put together */
    RetainedEnergy(Pattern pattern, int units) {
        this.pattern = pattern;
        this.units = new double[units];
    }

    /**
     * Counts a map in.
     *
     * @param squareSums Σ x² of its inputs, {@code 1 × columns}
     */
    void add(Matrix weights, DoubleMatrix squareSums) {
        int size = pattern.groupSize(weights.columns());
        double[] byRank = new double[size];
        double[] group = new double[size];
        for (int row = 0; row < weights.rows(); row++) {
            for (int first = 0; first < weights.columns(); first += size) {
                for (int j = 0; j < size; j++) {
                    double weight = weights.get(row, first + j);
                    group[j] = weight * weight * squareSums.get(0, first + j);
                }
                Arrays.sort(group);
                for (int rank = 0; rank < size; rank++) {
                    byRank[rank] += group[size - 1 - rank];
                }
            }
        }
        share(byRank);
    }

    /** A rank that lies in two units gives each its part, so that units descend as ranks do. */
    private void share(double[] byRank) {
        double width = (double) byRank.length / units.length;
        for (int unit = 0; unit < units.length; unit++) {
            double from = unit * width;
            double to = Math.min(byRank.length, from + width);
            for (int rank = (int) from; rank < Math.ceil(to); rank++) {
                units[unit] += byRank[rank] * (Math.min(to, rank + 1) - Math.max(from, rank));
            }
        }
    }

    /** One number a unit, descending. */
    List<Double> perUnit() {
        List<Double> result = new ArrayList<>();
        double least = Double.POSITIVE_INFINITY;
        for (double unit : units) {
            least = Math.min(least, unit); // whatever rounding did
            result.add(least);
        }
        return List.copyOf(result);
    }
}
