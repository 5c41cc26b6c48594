package io.fastforward.spi.backend;

import io.fastforward.spi.tensor.DoubleMatrix;

/** Dense double-precision linear algebra in host memory, on all cores. Safe to call from several threads. */
public interface LinearAlgebra {

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
}
