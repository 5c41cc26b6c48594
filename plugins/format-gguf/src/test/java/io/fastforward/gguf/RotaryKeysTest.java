package io.fastforward.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fastforward.spi.model.RotaryPositions;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RotaryKeysTest {

    @ParameterizedTest
    @CsvSource({"10000, 64", "500000, 128", "1000000, 80", "12345.678, 6", "10000, 4"})
    void theBaseIsFoundAgain(double base, int headSize) {
        RotaryKeys keys = RotaryKeys.of(new RotaryPositions(frequencies(base, headSize)));
        assertThat(keys.base()).isEqualTo((float) base);
        assertThat(keys.factors()).hasSize(headSize / 2).containsOnly(1f);
        assertThat(keys.isLinear()).isTrue();
    }

    /** Base and factors are in single precision, each off by 2⁻²⁴ at most, which a power of at most 1 does not increase. */
    @ParameterizedTest
    @CsvSource({"10000, 2", "10000, 4", "500000, 8", "500000, 128"})
    void scaledFrequenciesAreFoundAgain(double base, int headSize) {
        List<Double> plain = frequencies(base, headSize);
        // Short wavelengths as they were, long ones stretched, those between a mixture: the last half here.
        List<Double> scaled = IntStream.range(0, plain.size())
                .mapToObj(
                        i -> i < Math.max(2, plain.size() / 2) ? plain.get(i) : plain.get(i) / (1 + 7.0 * i / headSize))
                .toList();
        List<Double> found =
                RotaryKeys.of(new RotaryPositions(scaled)).positions().frequencies();
        for (int i = 0; i < scaled.size(); i++) {
            assertThat(found.get(i)).isEqualTo(scaled.get(i), within(scaled.get(i) * 0x1p-22));
        }
    }

    @ParameterizedTest
    @CsvSource({"2", "2.5", "32"})
    void oneFactorForAllIsLinear(double factor) {
        List<Double> scaled = frequencies(10_000, 64).stream()
                .map(frequency -> frequency / factor)
                .toList();
        RotaryKeys keys = RotaryKeys.of(new RotaryPositions(scaled));
        assertThat(keys.isLinear()).isTrue();
        assertThat(keys.factors().getFirst()).isEqualTo((float) factor);
    }

    private static List<Double> frequencies(double base, int headSize) {
        return IntStream.range(0, headSize / 2)
                .mapToObj(i -> Math.pow(base, -2.0 * i / headSize))
                .toList();
    }
}
