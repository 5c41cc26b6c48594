package io.fastforward.spi.backend;

import io.fastforward.spi.tensor.DoubleMatrix;

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

    @Override
    default void close() {}
}
