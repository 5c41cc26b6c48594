package io.fastforward.calibrators;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fastforward.spi.model.Linear;
import io.fastforward.spi.prune.Calibrator;
import io.fastforward.spi.tensor.Matrix;
import io.fastforward.testkit.CalibratorContract;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class BiasTest extends CalibratorContract {

    @Override
    protected Calibrator.Provider provider() {
        return new Bias.Provider();
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void theMeanOutputIsThatOfTheDenseMap(Sizes sizes) {
        Sample sample = sample(sizes);
        Linear repaired = output(repair(sample));

        Matrix dense = sample.map().weight();
        assertThat(numbers(repaired.weight())).containsExactly(numbers(dense.leadingColumns(sizes.kept())));
        for (int i = 0; i < sizes.outputs(); i++) {
            double difference = 0;
            double magnitude = Math.abs(requireNonNull(repaired.bias()).get(0, i));
            for (int t = 0; t < sizes.tokens(); t++) {
                difference += sample.residual()[t][i] / sizes.tokens();
                magnitude += Math.abs(sample.residual()[t][i]) / sizes.tokens();
                for (int j = 0; j < sizes.inputs(); j++) {
                    double expected = dense.get(i, j) * sample.dense()[t][j] / sizes.tokens();
                    double actual =
                            j < sizes.kept() ? repaired.weight().get(i, j) * sample.prefix()[t][j] / sizes.tokens() : 0;
                    difference += expected - actual;
                    magnitude += Math.abs(expected) + Math.abs(actual);
                }
            }
            double moved = requireNonNull(repaired.bias()).get(0, i)
                    - requireNonNull(sample.map().bias()).get(0, i);
            // The bias is rounded to single precision once; everything else is in double precision.
            assertThat(moved).isCloseTo(difference, within(0x1.0p-23 * magnitude));
        }
    }
}
