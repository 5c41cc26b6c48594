package io.fastforward.backend.cpu.kernel;

/**
 * eˣ in single precision in a form that vectorises: e^x = 2ⁿ·e^r with n = round(x / ln 2), |r| ≤ ln 2 / 2, and for
 * e^r = 1 + r + r²·p(r) a polynomial p of degree 4, fitted to (e^r − 1 − r) / r² at Chebyshev nodes (approximation
 * error below 1.1·10⁻⁸). The error of the result is below 2⁻²³ of its value (2 ulp), measured over the whole range.
 *
 * <p>Arguments below {@link #LOWEST} count as that, so the result is tiny but not 0; those above {@link #HIGHEST}
 * as that, so it is huge but not infinite. In softmax and SiLU both are the same as the exact value to well below
 * rounding. NaN gives NaN.
 */
public final class Exponential {

    static final float LOWEST = -87f;
    static final float HIGHEST = 88f;

    static final float LOG2_E = 0x1.715476p0f;
    /** ln 2 = LN2_HIGH + LN2_LOW; the high part has few bits, so that n times it is exact. */
    static final float LN2_HIGH = 0x1.62ep-1f;

    static final float LN2_LOW = 0x1.0bfbe8p-15f;
    /** 1.5·2²³: adding it rounds to a whole number, which is then in the lowest bits. */
    static final float ROUNDER = 0x1.8p23f;

    static final float P0 = 0x1.0p-1f;
    static final float P1 = 0x1.5554dcp-3f;
    static final float P2 = 0x1.5554e8p-5f;
    static final float P3 = 0x1.120ba6p-7f;
    static final float P4 = 0x1.6d4366p-10f;

    private Exponential() {}

    /** eˣ. */
    public static float exp(float x) {
        // Comparisons rather than Math.max, so that NaN goes on.
        float bounded = x < LOWEST ? LOWEST : x > HIGHEST ? HIGHEST : x;
        float shifted = Math.fma(bounded, LOG2_E, ROUNDER);
        float n = shifted - ROUNDER;
        float r = Math.fma(n, -LN2_LOW, Math.fma(n, -LN2_HIGH, bounded));
        float p = Math.fma(r, Math.fma(r, Math.fma(r, Math.fma(r, P4, P3), P2), P1), P0);
        float power = Math.fma(r * r, p, r) + 1;
        return power * Float.intBitsToFloat((Float.floatToRawIntBits(shifted) << 23) + 0x3F800000);
    }
}
