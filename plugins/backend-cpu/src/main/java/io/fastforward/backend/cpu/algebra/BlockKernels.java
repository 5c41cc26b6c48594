package io.fastforward.backend.cpu.algebra;

import io.fastforward.spi.tensor.DoubleMatrix;

/**
 * What linear algebra does with blocks of matrices, each call in the thread that makes it. Shapes are the caller's duty.
 */
interface BlockKernels {

    /** c = a·b. */
    void multiply(DoubleMatrix a, DoubleMatrix b, DoubleMatrix c);

    /** c −= a·bᵀ. */
    void subtractProductByTransposed(DoubleMatrix a, DoubleMatrix b, DoubleMatrix c);

    /** c −= a·aᵀ in the lower triangle of c. */
    void subtractSquareFromLower(DoubleMatrix a, DoubleMatrix c);

    /** Replaces b by the x with x·Lᵀ = b for a lower triangular L. */
    void divideByTransposedLower(DoubleMatrix lower, DoubleMatrix b);

    /** Replaces b by the x with x·L = b for a lower triangular L. */
    void divideByLower(DoubleMatrix lower, DoubleMatrix b);
}
