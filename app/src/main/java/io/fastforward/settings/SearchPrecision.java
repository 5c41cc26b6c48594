package io.fastforward.settings;

/** In what precision the products are that evaluate the candidates of a search. All else is in f32. */
public enum SearchPrecision {
    /** BF16 where that is faster on this machine, else F32. */
    AUTO,
    /** Single precision. */
    F32,
    /** Numbers rounded to bfloat16, sums in single precision. */
    BF16
}
