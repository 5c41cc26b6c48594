package io.fastforward.settings;

/** In what precision products are, as somebody asks for it. */
public enum PrecisionChoice {
    /** BF16 where that is faster on this machine, else F32. */
    AUTO,
    /** Single precision. */
    F32,
    /** Numbers rounded to bfloat16, sums in single precision. */
    BF16
}
