package io.fastforward.calibrators;

import io.fastforward.spi.model.Linear;
import io.fastforward.spi.prune.OutputMapCalibrator.Problem;
import io.fastforward.spi.tensor.DoubleMatrix;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;

/** What a map makes of mean features. */
final class MeanContribution {

    private MeanContribution() {}

    /**
     * Gives a repaired map the bias with which its mean output is that of the dense map, and what the residual stream lacks
     * besides: b + W·mean(y) + mean(r) − W′·mean(x_K).
     *
     * @param repaired has a bias of its own memory, which is overwritten
     * @return the same map
     * @throws IllegalArgumentException if the dense map has no bias, or the means do not fit or are not finite
     */
    static Linear fold(Problem problem, Linear repaired) {
        Matrix bias = repaired.bias();
        if (bias == null) {
            throw new IllegalArgumentException(
                    "the map has no bias that could take over what removed inputs contributed");
        }
        int inputs = problem.map().weight().columns();
        double[] target = means(problem.targetMean(), inputs, "target");
        double[] kept = means(problem.mean(), inputs, "features");
        double[] expected = apply(problem.map().weight(), target);
        double[] left = apply(repaired.weight(), kept);
        double[] inherited = residualMeans(problem);
        for (int i = 0; i < expected.length; i++) {
            bias.set(0, i, (float) (bias.get(0, i) + (expected[i] + inherited[i] - left[i])));
        }
        return repaired;
    }

    /**
     * The problem of features without their means: Σ (y − mean) (x − mean)ᵀ = Σ y xᵀ − tokens · mean(y) mean(x)ᵀ.
     *
     * @throws IllegalArgumentException if the means do not fit or are not finite
     */
    static Problem without(Problem problem, Arena scratch) {
        int inputs = problem.map().weight().columns();
        double[] left = means(problem.targetMean(), inputs, "target");
        double[] right = means(problem.mean(), inputs, "features");
        boolean itself = problem.target().equals(problem.gram());
        DoubleMatrix gram = without(problem.gram(), problem.tokens(), right, right, scratch);
        DoubleMatrix target = itself ? gram : without(problem.target(), problem.tokens(), left, right, scratch);
        DoubleMatrix residual = problem.residual().rows() == 0
                ? problem.residual()
                : without(problem.residual(), problem.tokens(), residualMeans(problem), right, scratch);
        return new Problem(
                problem.map(),
                problem.kept(),
                gram,
                target,
                problem.mean(),
                problem.targetMean(),
                residual,
                problem.residualMean(),
                problem.tokens());
    }

    private static DoubleMatrix without(
            DoubleMatrix moments, long tokens, double[] left, double[] right, Arena scratch) {
        DoubleMatrix centred = DoubleMatrix.allocate(scratch, moments.rows(), moments.columns());
        double[] row = new double[moments.columns()];
        for (int i = 0; i < moments.rows(); i++) {
            moments.readRow(i, row, row.length);
            double factor = tokens * left[i];
            for (int j = 0; j < row.length; j++) {
                row[j] -= factor * right[j];
            }
            centred.writeRow(i, row, row.length);
        }
        return centred;
    }

    /** Of what is to be made up for; zeros if that is nothing. */
    private static double[] residualMeans(Problem problem) {
        int outputs = problem.map().weight().rows();
        return problem.residualMean().rows() == 0
                ? new double[outputs]
                : means(problem.residualMean(), outputs, "residual");
    }

    private static double[] means(DoubleMatrix means, int inputs, String of) {
        if (means.rows() != 1 || means.columns() != inputs) {
            throw new IllegalArgumentException("the means of the " + of + " must be 1 × " + inputs + ", but are "
                    + means.rows() + " × " + means.columns());
        }
        double[] values = new double[inputs];
        means.readRow(0, values, inputs);
        for (int j = 0; j < inputs; j++) {
            if (!Double.isFinite(values[j])) {
                throw new IllegalArgumentException("the means of the " + of + " have " + values[j] + " in column " + j
                        + ": the model overflows on the calibration text");
            }
        }
        return values;
    }

    /** The product with as many leading numbers as the matrix has columns. */
    private static double[] apply(Matrix weight, double[] x) {
        double[] y = new double[weight.rows()];
        float[] row = new float[weight.columns()];
        for (int i = 0; i < y.length; i++) {
            Blocks.readRow(weight, i, row);
            for (int j = 0; j < row.length; j++) {
                y[i] += row[j] * x[j];
            }
        }
        return y;
    }
}
