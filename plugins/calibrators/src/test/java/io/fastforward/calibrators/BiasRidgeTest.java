package io.fastforward.calibrators;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fastforward.spi.model.Linear;
import io.fastforward.spi.prune.Calibrator;
import io.fastforward.testkit.CalibratorContract;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class BiasRidgeTest extends CalibratorContract {

    /** Of single precision: half the distance from 1 to the next number. */
    private static final double UNIT_ROUNDOFF = 0x1.0p-24;

    @Override
    protected Calibrator.Provider provider() {
        return new BiasRidge.Provider();
    }

    /**
     * At the minimum of ‖W′ X_K + b′ − (W Y + b)‖² + λ‖W′ − W_K‖² both gradients vanish: the residuals sum up to nothing,
     * and their products with the features to λ(W_K − W′). Rounding W′ and b′ moves each term of the sums by at most its
     * relative rounding error.
     */
    @ParameterizedTest
    @MethodSource("sizes")
    void bothGradientsVanish(Sizes sizes) {
        Sample sample = sample(sizes);
        Calibrator.Repair solution = repair(sample, Map.of("ridge", "0.01"));
        Linear repaired = output(solution);
        Linear dense = sample.map();
        for (int i = 0; i < sizes.outputs(); i++) {
            double[] gradient = new double[sizes.kept() + 1];
            double[] magnitude = new double[gradient.length];
            for (int t = 0; t < sizes.tokens(); t++) {
                double residual = requireNonNull(repaired.bias()).get(0, i)
                        - requireNonNull(dense.bias()).get(0, i)
                        - sample.residual()[t][i];
                double size = Math.abs(requireNonNull(repaired.bias()).get(0, i));
                for (int j = 0; j < sizes.inputs(); j++) {
                    residual -= dense.weight().get(i, j) * sample.dense()[t][j];
                    if (j < sizes.kept()) {
                        double term = repaired.weight().get(i, j) * sample.prefix()[t][j];
                        residual += term;
                        size += Math.abs(term);
                    }
                }
                for (int j = 0; j <= sizes.kept(); j++) {
                    double feature = j == sizes.kept() ? 1 : sample.prefix()[t][j];
                    gradient[j] += residual * feature;
                    magnitude[j] += size * Math.abs(feature);
                }
            }
            for (int j = 0; j < sizes.kept(); j++) {
                double penalty = solution.ridge()
                        * (repaired.weight().get(i, j) - dense.weight().get(i, j));
                gradient[j] += penalty;
                magnitude[j] += solution.ridge() * Math.abs(repaired.weight().get(i, j));
            }
            for (int j = 0; j < gradient.length; j++) {
                assertThat(gradient[j]).isCloseTo(0, within(4 * UNIT_ROUNDOFF * magnitude[j] + 1e-9));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void itIsNeverWorseThanTheBiasAlone(Sizes sizes) {
        Sample sample = sample(sizes);
        double biasAlone =
                squaredError(sample, output(new Bias().repair(sample.module(), sample.kept(), workbench(sample))));
        double both = squaredError(sample, output(repair(sample)));
        assertThat(both).isLessThanOrEqualTo(biasAlone * (1 + 1e-6) + 1e-9);
    }
}
