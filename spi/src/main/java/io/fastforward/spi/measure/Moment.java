package io.fastforward.spi.measure;

/** What is summed up over all tokens. */
public enum Moment {
    /** Σ x: {@code 1 × width}. */
    SUMS,
    /** Σ x²: {@code 1 × width}. */
    SQUARE_SUMS,
    /** Σ x xᵀ: {@code width × width}, both triangles. */
    GRAM,
    /** Σ y xᵀ of left rows y and right rows x: {@code leftWidth × rightWidth}. */
    CROSS_GRAM
}
