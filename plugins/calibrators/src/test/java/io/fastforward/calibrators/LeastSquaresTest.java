package io.fastforward.calibrators;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fastforward.spi.model.Linear;
import io.fastforward.spi.prune.Calibrator;
import io.fastforward.spi.prune.Calibrator.Repair;
import io.fastforward.spi.tensor.Matrix;
import io.fastforward.testkit.CalibratorContract;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class LeastSquaresTest extends CalibratorContract {

    private static final double UNIT_ROUNDOFF = 0x1p-24; // of the single-precision weights

    @Override
    protected Calibrator.Provider provider() {
        return new LeastSquares.Provider();
    }

    private static Map<String, String> damping(double value) {
        return Map.of("damping", Double.toString(value));
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void itMatchesGaussianEliminationOnTheNormalEquations(Sizes sizes) {
        Sample sample = sample(sizes);
        Repair solution = repair(sample);

        double[][] expected = NormalEquations.solve(sample, solution.ridge(), false);

        boolean asItWas = sizes.kept() == sizes.inputs() && sizes.drift() == 0;
        for (int i = 0; i < sizes.outputs() && !asItWas; i++) {
            double largest = 0;
            for (double number : expected[i]) {
                largest = Math.max(largest, Math.abs(number));
            }
            for (int j = 0; j < sizes.kept(); j++) {
                assertThat(output(solution).weight().get(i, j))
                        .isCloseTo((float) expected[i][j], within((float) (1e-6 * largest)));
            }
        }
    }

    /** Where the tokens determine the weights, what is left of the error has nothing in common with a kept input. */
    @ParameterizedTest
    @MethodSource("sizes")
    void withoutDampingTheErrorIsOrthogonalToTheKeptInputs(Sizes sizes) {
        Sample sample = sample(sizes);
        Matrix repaired = output(repair(sample, damping(1e-13))).weight();
        Matrix weight = sample.map().weight();
        for (int i = 0; i < sizes.outputs(); i++) {
            double[] products = new double[sizes.kept()];
            double[] magnitude = new double[sizes.kept()];
            for (int t = 0; t < sizes.tokens(); t++) {
                double error = -sample.residual()[t][i];
                double terms = Math.abs(error);
                for (int j = 0; j < sizes.inputs(); j++) {
                    double image = j < sizes.kept() ? repaired.get(i, j) * sample.prefix()[t][j] : 0;
                    double target = weight.get(i, j) * sample.dense()[t][j];
                    error += image - target;
                    terms += Math.abs(image) + Math.abs(target);
                }
                for (int j = 0; j < sizes.kept(); j++) {
                    products[j] += error * sample.prefix()[t][j];
                    magnitude[j] += terms * Math.abs(sample.prefix()[t][j]);
                }
            }
            for (int j = 0; j < sizes.kept(); j++) {
                // Each weight is rounded once, and the products are linear in the weights; twice that for the rest.
                assertThat(products[j]).isCloseTo(0, within(2 * UNIT_ROUNDOFF * magnitude[j]));
            }
        }
    }

    @Test
    void lambdaIsRelativeToTheMeanDiagonalOfAllInputs() {
        double[][] features = {{1, 2, 7}, {3, 0, 7}};
        Sample sample = sample(Linear.of(weights(1, 3)), 2, features, features);
        assertThat(repair(sample).ridge()).isEqualTo(0.01 * (1 + 9 + 4 + 0 + 2 * 49) / 3);
    }

    @Test
    void strongDampingLeavesNothing() {
        Sample sample = sample(new Sizes(7, 13, 5, 100, true, 0));
        Repair solution = repair(sample, damping(1e12));
        assertThat(numbers(output(solution).weight())).containsOnly(new double[] {0}, within(1e-9));
        assertThat(solution.relativeError()).isCloseTo(1, within(1e-6));
        assertThat(numbers(requireNonNull(output(solution).bias())))
                .containsExactly(numbers(requireNonNull(sample.map().bias())));
    }

    @Test
    void withoutDampingDependentInputsRaiseItAndAreReported() {
        double[][] features = {{1, 1, 2}, {-3, -3, 1}, {2, 2, 2}, {0.5, 0.5, -1}};
        Repair solution = repair(sample(Linear.of(weights(3, 3)), 2, features, features), damping(0));
        assertThat(solution.remark()).contains("linearly dependent").endsWith("ridge raised from 0.0e+00 to 1.0e-10");
        assertThat(solution.ridge()).isGreaterThan(0);
    }

    @Test
    void aDeadInputGetsNoWeight() {
        double[][] features = {{1, 0, 2, 1}, {-3, 0, 1, 2}, {2, 0, 2, 3}, {0.5, 0, -1, 4}};
        Repair solution = repair(sample(Linear.of(weights(3, 4)), 3, features, features));
        for (int i = 0; i < 3; i++) {
            assertThat(output(solution).weight().get(i, 1)).isZero();
        }
    }

    @Test
    void inputsThatAreAllZeroKeepTheirWeights() {
        double[][] features = {{0, 0, 1}, {0, 0, 2}};
        Matrix weight = weights(3, 3);
        Repair lost = repair(sample(Linear.of(weight), 2, features, features));
        assertThat(numbers(output(lost).weight())).containsExactly(numbers(weight.leadingColumns(2)));
        assertThat(lost.remark()).contains("zero on all calibration tokens");
    }
}
