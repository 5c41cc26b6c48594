package io.fastforward.backend.cpu.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ExponentialTest {

    private static final double BOUND = 0x1.0p-23;

    @Test
    void errorIsBelowTwoUlpsOverTheWholeRange() {
        // Every 512th single-precision number of either sign, from the smallest ones to the ends of the range.
        double worst = 0;
        for (int bits = 0; bits <= Float.floatToIntBits(Exponential.HIGHEST); bits += 512) {
            float x = Float.intBitsToFloat(bits);
            worst = Math.max(worst, relativeError(x));
            worst = Math.max(worst, relativeError(Math.max(-x, Exponential.LOWEST)));
        }
        assertThat(worst).isGreaterThan(0x1.0p-26).isLessThan(BOUND);
    }

    @Test
    void argumentsOutsideTheRangeCountAsItsEnds() {
        assertThat(Exponential.exp(-1000))
                .isEqualTo(Exponential.exp(Exponential.LOWEST))
                .isLessThan(2e-38f);
        assertThat(Exponential.exp(Float.NEGATIVE_INFINITY)).isEqualTo(Exponential.exp(Exponential.LOWEST));
        assertThat(Exponential.exp(1000))
                .isEqualTo(Exponential.exp(Exponential.HIGHEST))
                .isGreaterThan(1e38f);
        assertThat(Exponential.exp(Float.NaN)).isNaN();
        assertThat(Exponential.exp(0)).isEqualTo(1f);
    }

    private static double relativeError(float x) {
        double exact = Math.exp(x);
        return Math.abs(Exponential.exp(x) - exact) / exact;
    }
}
