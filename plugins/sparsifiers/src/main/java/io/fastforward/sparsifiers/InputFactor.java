package io.fastforward.sparsifiers;

import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.tensor.DoubleMatrix;
import java.lang.foreign.Arena;

/**
 * The factor V Vᵀ = A = G + damping of a Gram matrix, V upper triangular, with the columns of V divided by its diagonal: what
 * removing weights column by column needs of A.
 *
 * <p>SparseGPT has U with A⁻¹ = Uᵀ U, and a weight that goes takes e·U_i,i: off its row, e = w_i ÷ U_ii. Here U = V⁻¹, so
 * U_jj = 1 ÷ V_jj, and when all columns before j are done, the weight in column j is to be w_j + Σ_i (w_i − w′_i)·V_ij ÷ V_jj,
 * with the weights w before any change and w′ after all of them (the same for quantisation: Chee et al., QuIP, NeurIPS 2023,
 * theorem 6). So A⁻¹ is not needed, and U within a block of columns alone, where it is the inverse of V's block: one Cholesky
 * factor of n³/3 instead of two and an inverse, 4n³/3. V comes out of a factorisation into lower triangular matrices by looking
 * at A from its other end.
 *
 * @param scaled V_ij ÷ V_jj above the diagonal; what is below is undefined
 * @param diagonal V_jj
 */
record InputFactor(DoubleMatrix scaled, double[] diagonal) {

    /** Where raising starts if the user asked for no damping at all. */
    private static final double SMALLEST_DAMPING = 1e-10;

    /**
     * Factors a Gram matrix. Inputs that are always zero get the mean of the others on the diagonal, so that the factor does
     * not depend on the scale of the Gram matrix.
     *
     * @param damping what is added to the diagonal, relative to its mean; raised tenfold until A is positive definite
     * @param scratch owns the factor: one matrix of the Gram matrix's size
     * @throws IllegalArgumentException if no damping helps
     */
    static InputFactor of(DoubleMatrix gram, double damping, String place, LinearAlgebra algebra, Arena scratch) {
        int inputs = gram.rows();
        double mean = meanOfLive(gram);
        DoubleMatrix factor = DoubleMatrix.allocate(scratch, inputs, inputs);
        double raised = damping;
        copyReversed(gram, mean, raised * mean, factor);
        while (!algebra.cholesky(factor)) {
            raised = Math.max(10 * raised, SMALLEST_DAMPING);
            // No eigenvalue of a Gram matrix is below minus its trace, whatever rounding did to it.
            if (raised > 10.0 * inputs) {
                throw new IllegalArgumentException(place
                        + ": the Gram matrix is not positive semidefinite: no damping from " + damping + " up helps");
            }
            copyReversed(gram, mean, raised * mean, factor);
        }
        reverse(factor);
        return scaled(factor);
    }

    private static double meanOfLive(DoubleMatrix gram) {
        double sum = 0;
        int live = 0;
        for (int j = 0; j < gram.rows(); j++) {
            if (gram.get(j, j) > 0) {
                sum += gram.get(j, j);
                live++;
            }
        }
        return live == 0 ? 1 : sum / live;
    }

    /** The lower triangle of A, with the last input first. */
    private static void copyReversed(DoubleMatrix gram, double ofDead, double added, DoubleMatrix target) {
        int last = gram.rows() - 1;
        double[] source = new double[gram.rows()];
        for (int i = 0; i <= last; i++) {
            gram.readRow(last - i, source, source.length);
            double[] row = new double[i + 1];
            for (int j = 0; j <= i; j++) {
                row[j] = source[last - j];
            }
            row[i] = (row[i] > 0 ? row[i] : ofDead) + added;
            target.writeRow(i, row, row.length);
        }
    }

    /** Turns a matrix by 180 degrees, in place. */
    private static void reverse(DoubleMatrix matrix) {
        int n = matrix.rows();
        double[] upper = new double[n];
        double[] lower = new double[n];
        for (int i = 0; i < (n + 1) / 2; i++) {
            matrix.readRow(i, upper, upper.length);
            matrix.readRow(n - 1 - i, lower, lower.length);
            reverse(upper);
            reverse(lower);
            matrix.writeRow(i, lower, lower.length);
            matrix.writeRow(n - 1 - i, upper, upper.length);
        }
    }

    private static void reverse(double[] row) {
        for (int j = 0; j < row.length / 2; j++) {
            double first = row[j];
            row[j] = row[row.length - 1 - j];
            row[row.length - 1 - j] = first;
        }
    }

    private static InputFactor scaled(DoubleMatrix upper) {
        int n = upper.rows();
        double[] diagonal = new double[n];
        for (int j = 0; j < n; j++) {
            diagonal[j] = upper.get(j, j);
        }
        double[] row = new double[n];
        for (int i = 0; i < n; i++) {
            upper.readRow(i, row, row.length);
            for (int j = i; j < n; j++) {
                row[j] /= diagonal[j];
            }
            upper.writeRow(i, row, row.length);
        }
        return new InputFactor(upper, diagonal);
    }

    /**
     * What a removed weight takes off those after it in a block of columns: row i of U there, divided by U_ii. It is the
     * inverse of the scaled factor's block.
     *
     * @param result {@code count × count}, from the first column on
     */
    void updates(int first, DoubleMatrix result) {
        int count = result.rows();
        double[][] inverse = new double[count][count];
        for (int i = count - 1; i >= 0; i--) {
            inverse[i][i] = 1;
            for (int k = i + 1; k < count; k++) {
                double factor = scaled.get(first + i, first + k);
                for (int j = k; j < count; j++) {
                    inverse[i][j] -= factor * inverse[k][j];
                }
            }
            result.writeRow(i, inverse[i], inverse[i].length);
        }
    }
}
