package io.fastforward.spi.backend;

import io.fastforward.spi.tensor.DoubleMatrix;
import java.util.BitSet;

/**
 * Dense double-precision linear algebra in host memory, for those who repair weights. The best one that is available
 * serves whatever device computes the rest. Safe to call from several threads; results do not depend on how many it
 * uses itself.
 *
 * <p>Operations throw {@link IllegalArgumentException} for shapes that do not fit, and {@link IllegalStateException}
 * after {@link #close()}.
 */
public interface LinearAlgebra extends AutoCloseable {

    /** Opens linear algebra of one kind. */
    interface Provider extends Probed {

        /**
         * Opens it.
         *
         * @param threads upper bound on the threads that it uses, at least 1
         * @throws IllegalStateException if {@link #probe()} said that it is not available
         */
        LinearAlgebra open(int threads);
    }

    /**
     * Factors a symmetric positive definite matrix A = L·Lᵀ in place. Only the lower triangle is read; it becomes L.
     * The strict upper triangle is left as it was.
     *
     * @return false if A is not positive definite to working precision; the contents are then undefined
     */
    boolean cholesky(DoubleMatrix symmetric);

    /**
     * Replaces every row b of a matrix by the solution x of A·x = b.
     *
     * @param factor {@code n × n}, from {@link #cholesky}
     * @param rows {@code any × n}
     */
    void solve(DoubleMatrix factor, DoubleMatrix rows);

    /** result = left · right; shapes {@code m × k}, {@code k × n}, {@code m × n}; result overlaps neither. */
    void multiply(DoubleMatrix left, DoubleMatrix right, DoubleMatrix result);

    /**
     * Least squares on a support, all rows at once: lowers w·G·wᵀ − 2·t·wᵀ of every row w by conjugate gradients over the
     * entries in the support, preconditioned with the diagonal of G (Saad, Iterative Methods for Sparse Linear Systems, 9.2;
     * on supports, Meng et al., ALPS, NeurIPS 2024). Where G is Σ x xᵀ and t is Σ y xᵀ, this is the best w on the
     * support for w·x = y. Entries whose diagonal element of G is 0 stay as they are.
     *
     * <p>It costs one product with G, and one more for each iteration, in scratch memory of four times the rows.
     *
     * @param gram G, {@code n × n}, symmetric and positive semidefinite, both triangles
     * @param targets t of every row, {@code any × n}
     * @param support which entries may be something else than zero: bit {@code row · n + column}
     * @param iterations how often each row is moved, at least 0; fewer where it has converged
     * @param rows where to start, and then the result; {@code any × n}, zero outside of the support
     * @throws IllegalArgumentException for other shapes, or a row that is not zero outside of its support
     */
    default void fitOnSupport(
            DoubleMatrix gram, DoubleMatrix targets, BitSet support, int iterations, DoubleMatrix rows) {
        new MaskedConjugateGradients(this, gram, targets, support, rows).run(iterations);
    }

    @Override
    default void close() {}
}
