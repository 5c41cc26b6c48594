package io.fastforward.export;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.math.RoundingMode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FeedForwardMultiplierTest {

    private static final int WIDEST = 1 << 16;

    /** Some readers round it, so what they compute must be the same. */
    @ParameterizedTest
    @ValueSource(ints = {1, 7, 12, 576, 2048, 3000, 4095, 4096, 5120, 8192, 16_384, 100_003})
    void everyMultipleIsReachedWithAndWithoutRounding(int hiddenSize) {
        for (int width = 256; width <= WIDEST; width += 256) {
            double value =
                    FeedForwardMultiplier.of(width, hiddenSize).orElseThrow().value();
            double rounded =
                    new BigDecimal(value).setScale(6, RoundingMode.HALF_EVEN).doubleValue();
            assertThat(rounded).isEqualTo(value);
            int computed = (int) (2 * value * hiddenSize / 3);
            assertThat(computed).isGreaterThan(width - 256).isLessThanOrEqualTo(width);
        }
    }

    /** Those of a public model of this kind, whose hidden state is 8192 wide. */
    @Test
    void publicModelsHaveTheSameMultipliers() {
        assertThat(FeedForwardMultiplier.of(28_672, 8192)).contains(new FeedForwardMultiplier(5.25));
        assertThat(FeedForwardMultiplier.of(14_336, 8192)).contains(new FeedForwardMultiplier(2.625));
        assertThat(FeedForwardMultiplier.of(7168, 8192)).contains(new FeedForwardMultiplier(1.3125));
        assertThat(new FeedForwardMultiplier(1.3125).width(8192)).isEqualTo(7168);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 255, 257, 1000, 11_007})
    void nothingElseIsReached(int width) {
        assertThat(FeedForwardMultiplier.of(width, 4096)).isEmpty();
    }
}
