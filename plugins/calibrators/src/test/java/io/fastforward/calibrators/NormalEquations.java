package io.fastforward.calibrators;

import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.tensor.Matrix;
import io.fastforward.testkit.CalibratorContract.Sample;

/** Regressions in double precision, by elimination with row exchanges. */
final class NormalEquations {

    private static final Wish GRAM = Wish.features(Moment.GRAM);
    private static final Wish TARGET = Wish.denseFeatures(Moment.CROSS_GRAM);

    private NormalEquations() {}

    /**
     * The weights of W′ (H_KK + λI) = W·T_K + R_K, {@code outputs × kept}.
     *
     * @param centred whether λ W_K is added on the right: the penalty pulls to the old weights instead of to zero
     */
    static double[][] solve(Sample sample, double lambda, boolean centred) {
        int kept = sample.kept();
        Matrix weight = sample.map().weight();
        int outputs = weight.rows();
        double[][] system = new double[kept][kept + outputs];
        for (int i = 0; i < kept; i++) {
            for (int j = 0; j < kept; j++) {
                system[i][j] = sample.moment(GRAM).get(j, i) + (i == j ? lambda : 0);
            }
            for (int row = 0; row < outputs; row++) {
                double sum = centred ? lambda * weight.get(row, i) : 0;
                for (int j = 0; j < weight.columns(); j++) {
                    sum += weight.get(row, j) * sample.moment(TARGET).get(j, i);
                }
                for (int t = 0; t < sample.prefix().length; t++) {
                    sum += sample.residual()[t][row] * sample.prefix()[t][i];
                }
                system[i][kept + row] = sum;
            }
        }
        eliminate(system);
        double[][] solution = new double[outputs][kept];
        for (int row = 0; row < outputs; row++) {
            for (int i = 0; i < kept; i++) {
                solution[row][i] = system[i][kept + row];
            }
        }
        return solution;
    }

    /** Solves a system, of which the columns behind the square are right-hand sides and become solutions. */
    static void eliminate(double[][] system) {
        for (int pivot = 0; pivot < system.length; pivot++) {
            int best = pivot;
            for (int i = pivot + 1; i < system.length; i++) {
                if (Math.abs(system[i][pivot]) > Math.abs(system[best][pivot])) {
                    best = i;
                }
            }
            double[] exchanged = system[pivot];
            system[pivot] = system[best];
            system[best] = exchanged;
            for (int i = 0; i < system.length; i++) {
                double factor = i == pivot ? 0 : system[i][pivot] / system[pivot][pivot];
                for (int j = pivot; factor != 0 && j < system[i].length; j++) {
                    system[i][j] -= factor * system[pivot][j];
                }
            }
        }
        for (int i = 0; i < system.length; i++) {
            for (int j = system[i].length - 1; j >= i; j--) {
                system[i][j] /= system[i][i];
            }
        }
    }
}
