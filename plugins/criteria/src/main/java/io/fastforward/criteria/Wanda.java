package io.fastforward.criteria;

import io.fastforward.spi.Options;
import io.fastforward.spi.measure.ModuleView;
import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.prune.Criterion;
import io.fastforward.spi.prune.Workbench;
import io.fastforward.spi.tensor.DoubleMatrix;
import java.util.Set;

/**
 * Wanda (Sun, Liu, Bair, Kolter: A Simple and Effective Pruning Approach for Large Language Models, ICLR 2024,
 * section 3), summed over the columns of a unit. Column j of the output map W scores mean over i of |W_ij| · n_j,
 * where n_j = sqrt(mean over tokens of x_j²) is the norm of feature j; a unit scores the sum over its columns.
 *
 * <p>The mean over tokens, instead of the paper's sum, makes scores of different calibration sets comparable and
 * changes no order.
 */
public final class Wanda implements Criterion {

    private static final Wish SQUARE_SUMS = Wish.features(Moment.SQUARE_SUMS);

    /** Finds it by its name. */
    public static final class Provider implements Criterion.Provider {

        @Override
        public String id() {
            return "wanda";
        }

        @Override
        public String description() {
            return "mean |weight| times the norm of the feature, summed over a unit's columns (Wanda, Sun et al., 2024)";
        }

        @Override
        public Criterion create(Options options) {
            return new Wanda();
        }
    }

    @Override
    public Set<Wish> wishes() {
        return Set.of(SQUARE_SUMS);
    }

    @Override
    public double[] score(ModuleView module, int kept, Workbench workbench) {
        double[] columnScores = OutputColumns.meanMagnitudes(module);
        DoubleMatrix squareSums = module.measured().get(SQUARE_SUMS);
        for (int column = 0; column < columnScores.length; column++) {
            columnScores[column] *= Math.sqrt(
                    squareSum(module, squareSums, column) / module.measured().tokens());
        }
        return OutputColumns.sumByPart(module, columnScores);
    }

    private static double squareSum(ModuleView module, DoubleMatrix squareSums, int column) {
        double sum = squareSums.get(0, column);
        if (!(sum >= 0 && sum < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(module.place() + ", square sums of the features: feature " + column
                    + " has " + sum
                    + ", but a finite number of at least 0 was expected; the model overflows on the calibration text");
        }
        return sum;
    }
}
