package io.fastforward.backend.cpu.algebra;

/**
 * Products of matrices in single precision, each in the thread that calls it. β is 0 or 1; with 0, what was in c does
 * not matter. Shapes and strides are the caller's duty, and so is that c shares no memory with a or b.
 */
public interface MatrixProducts {

    /** What computes them, for people. */
    String description();

    /** c = a·bᵀ + β·c for a {@code m × k}, b {@code n × k}: tokens by rows of weights. */
    void multiplyByTransposed(int m, int n, int k, FloatView a, FloatView b, float beta, FloatView c);

    /** c = a·b + β·c for a {@code m × k}, b {@code k × n}. */
    void multiply(int m, int n, int k, FloatView a, FloatView b, float beta, FloatView c);

    /** c = aᵀ·b for a {@code k × m}, b {@code k × n}. */
    void multiplyTransposed(int m, int n, int k, FloatView a, FloatView b, FloatView c);
}
