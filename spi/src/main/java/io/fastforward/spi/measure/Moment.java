package io.fastforward.spi.measure;

/** What {@link io.fastforward.spi.backend.Moments} sum up. */
public enum Moment {
    /** Σ x: {@code 1 × width}. */
    SUMS,
    /** Σ x²: {@code 1 × width}. */
    SQUARE_SUMS,
    /** Σ x xᵀ: {@code width × width}, both triangles. */
    GRAM,
    /** Σ y xᵀ of left features y and right features x: {@code leftWidth × rightWidth}. */
    CROSS_GRAM
}
