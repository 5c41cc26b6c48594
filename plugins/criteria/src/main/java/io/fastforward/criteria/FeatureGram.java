package io.fastforward.criteria;

import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.measure.ModuleView;
import io.fastforward.spi.tensor.DoubleMatrix;
import java.util.Arrays;

/**
 * The Gram matrix G = mean over all tokens of x xᵀ of a module's features, {@code features × features}.
 *
 * @param module what it was measured on
 * @param sums the sum over all tokens; the lower triangle is read
 * @param meanSquares its diagonal, divided by the tokens: finite, at least 0
 */
record FeatureGram(ModuleView module, DoubleMatrix sums, double[] meanSquares) {

    /**
     * That of a module.
     *
     * @throws IllegalArgumentException if its diagonal holds negative numbers, NaN or infinity
     */
    static FeatureGram of(ModuleView module) {
        return new FeatureGram(
                module, module.measured().get(Features.GRAM), Features.meanSquares(module, Features.GRAM));
    }

    /** Number of features. */
    int size() {
        return meanSquares.length;
    }

    /** The mean of the diagonal; 0 if all features are zero on all tokens. */
    double meanDiagonal() {
        return Arrays.stream(meanSquares).average().orElse(0);
    }

    /**
     * The Cholesky factor of G + λI.
     *
     * @param ridge λ ÷ mean diagonal of G
     * @param factor {@code size × size}; its lower triangle is written
     * @throws IllegalArgumentException if that is not positive definite
     */
    void factorWithRidge(double ridge, LinearAlgebra algebra, DoubleMatrix factor) {
        double[] unscaled = new double[size()];
        Arrays.fill(unscaled, 1);
        double[] added = new double[size()];
        Arrays.fill(added, ridge * meanDiagonal());
        factor(unscaled, added, ridge, algebra, factor);
    }

    /**
     * The Cholesky factor of S G S + A with diagonal S and A.
     *
     * @param scales the diagonal of S
     * @param added the diagonal of A
     * @param ridge the option that would make it positive definite, for the message
     * @param factor {@code size × size}; its lower triangle is written
     * @throws IllegalArgumentException if it is not positive definite
     */
    void factor(double[] scales, double[] added, double ridge, LinearAlgebra algebra, DoubleMatrix factor) {
        double perToken = 1.0 / module.measured().tokens();
        double[] row = new double[size()];
        for (int i = 0; i < size(); i++) {
            sums.readRow(i, row, i + 1);
            for (int j = 0; j <= i; j++) {
                row[j] *= perToken * scales[i] * scales[j];
            }
            row[i] += added[i];
            factor.writeRow(i, row, i + 1);
        }
        if (!algebra.cholesky(factor)) {
            throw notPositiveDefinite(ridge);
        }
    }

    /** What to throw where eigenvalues turn out to be negative, or something is not a number. */
    IllegalArgumentException notPositiveDefinite(double ridge) {
        return new IllegalArgumentException(module.place() + ", Gram matrix of the features: with a ridge of " + ridge
                + " it must be positive definite, but is not; measure it on more windows, or raise the option ridge");
    }
}
