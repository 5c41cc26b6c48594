package io.fastforward.calibrators;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.prune.Calibrator;
import io.fastforward.spi.prune.Calibrator.Repair;
import io.fastforward.spi.prune.OutputMapCalibrator.Problem;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.DoubleMatrix;
import io.fastforward.spi.tensor.Matrix;
import io.fastforward.testkit.CalibratorContract;
import io.fastforward.testkit.PlainLinearAlgebra;
import io.fastforward.testkit.PlainWorkbench;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class RidgeTest extends CalibratorContract {

    private static final Wish GRAM = Wish.features(Moment.GRAM);

    private static final double UNIT_ROUNDOFF = 0x1p-24; // of the single-precision weights

    @Override
    protected Calibrator.Provider provider() {
        return new Ridge.Provider();
    }

    private static Map<String, String> ridge(double value) {
        return Map.of("ridge", Double.toString(value));
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void itMatchesGaussianEliminationOnTheNormalEquations(Sizes sizes) {
        Sample sample = sample(sizes);
        Repair solution = repair(sample);

        double[][] expected = NormalEquations.solve(sample, solution.ridge(), true);

        for (int i = 0; i < sizes.outputs(); i++) {
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

    @ParameterizedTest
    @MethodSource("sizes")
    void theGradientOfTheObjectiveIsZero(Sizes sizes) {
        Sample sample = sample(sizes);
        Repair solution = repair(sample);
        Matrix weight = sample.map().weight();
        Matrix repaired = output(solution).weight();

        for (int i = 0; i < sizes.outputs(); i++) {
            double[] gradient = new double[sizes.kept()];
            double[] magnitude = new double[sizes.kept()];
            for (int t = 0; t < sizes.tokens(); t++) {
                double residual = -sample.residual()[t][i];
                double terms = Math.abs(residual);
                for (int j = 0; j < sizes.inputs(); j++) {
                    double image = j < sizes.kept() ? repaired.get(i, j) * sample.prefix()[t][j] : 0;
                    double target = weight.get(i, j) * sample.dense()[t][j];
                    residual += image - target;
                    terms += Math.abs(image) + Math.abs(target);
                }
                for (int j = 0; j < sizes.kept(); j++) {
                    gradient[j] += residual * sample.prefix()[t][j];
                    magnitude[j] += terms * Math.abs(sample.prefix()[t][j]);
                }
            }
            for (int j = 0; j < sizes.kept(); j++) {
                gradient[j] += solution.ridge() * (repaired.get(i, j) - weight.get(i, j));
                magnitude[j] += solution.ridge() * Math.abs(repaired.get(i, j));
                // Each weight is rounded once, and the gradient is linear in the weights; twice that for the rest.
                assertThat(gradient[j]).isCloseTo(0, within(2 * UNIT_ROUNDOFF * magnitude[j]));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void itIsNeverWorseThanKeepingTheWeights(Sizes sizes) {
        Sample sample = sample(sizes);
        Linear dense = sample.map();
        Linear untouched = new Linear(dense.weight().leadingColumns(sizes.kept()), dense.bias());
        double withoutCalibration = squaredError(sample, untouched);
        for (double ridge : new double[] {1e-6, 1e-4, 1e-2, 1, 100}) {
            double calibrated = squaredError(sample, output(repair(sample, ridge(ridge))));
            assertThat(calibrated).isLessThanOrEqualTo(withoutCalibration * (1 + 1e-6));
        }
    }

    @Test
    void aCopyOfARemovedInputTakesOverItsWeight() {
        double[][] features = {{1, 2, 1}, {-3, 1, -3}, {2, 2, 2}, {0.5, -1, 0.5}};
        Matrix weight = weights(2, 3);
        Sample sample = sample(Linear.of(weight), 2, features, features);

        Repair solution = repair(sample, ridge(1e-12));

        for (int i = 0; i < 2; i++) {
            assertThat(output(solution).weight().get(i, 0))
                    .isCloseTo(weight.get(i, 0) + weight.get(i, 2), within(1e-6f));
            assertThat(output(solution).weight().get(i, 1)).isCloseTo(weight.get(i, 1), within(1e-6f));
        }
        assertThat(solution.relativeError()).isLessThan(1e-12);
        assertThat(solution.remark()).isNull();
    }

    @Test
    void lambdaIsRelativeToTheMeanDiagonalOfTheKeptInputs() {
        double[][] features = {{1, 2, 7}, {3, 0, 7}};
        Sample sample = sample(Linear.of(weights(1, 3)), 2, features, features);
        assertThat(repair(sample, ridge(0.5)).ridge()).isEqualTo(0.5 * (1 + 9 + 4 + 0) / 2);
        assertThat(repair(sample).ridge()).isEqualTo(1e-4 * (1 + 9 + 4 + 0) / 2);
    }

    @Test
    void theBiasPassesThrough() {
        Sample sample = sample(new Sizes(4, 9, 6, 20, true, 0.1));
        assertThat(numbers(requireNonNull(output(repair(sample)).bias())))
                .containsExactly(numbers(requireNonNull(sample.map().bias())));
    }

    @Test
    void deadInputsKeepTheirWeights() {
        double[][] features = {{1, 0, 2, 1}, {-3, 0, 1, 2}, {2, 0, 2, 3}, {0.5, 0, -1, 4}};
        Matrix weight = weights(3, 4);
        Repair solution = repair(sample(Linear.of(weight), 3, features, features));
        for (int i = 0; i < 3; i++) {
            assertThat(output(solution).weight().get(i, 1)).isEqualTo(weight.get(i, 1));
            assertThat(output(solution).weight().get(i, 0)).isNotEqualTo(weight.get(i, 0));
        }
        assertThat(solution.remark()).isNull();
    }

    @Test
    void withoutRidgeDeadInputsRaiseItAndAreReported() {
        double[][] features = {{1, 0, 2, 1}, {-3, 0, 1, 2}, {2, 0, 2, 3}, {0.5, 0, -1, 4}};
        Repair solution = repair(sample(Linear.of(weights(3, 4)), 3, features, features), ridge(0));
        assertThat(solution.remark()).endsWith("ridge raised from 0.0e+00 to 1.0e-10");
        assertThat(solution.ridge()).isGreaterThan(0);
    }

    @Test
    void inputsThatAreAllZeroKeepTheirWeights() {
        double[][] features = {{0, 0, 0}, {0, 0, 0}};
        Matrix weight = weights(3, 3);
        Repair silent = repair(sample(Linear.of(weight), 2, features, features));
        assertThat(numbers(output(silent).weight())).containsExactly(numbers(weight.leadingColumns(2)));
        assertThat(silent.relativeError()).isEqualTo(0);
        assertThat(silent.remark()).contains("zero on all calibration tokens");

        double[][] removedSpeaks = {{0, 0, 1}, {0, 0, 2}};
        Repair lost = repair(sample(Linear.of(weight), 2, removedSpeaks, removedSpeaks));
        assertThat(numbers(output(lost).weight())).containsExactly(numbers(weight.leadingColumns(2)));
        assertThat(lost.relativeError()).isEqualTo(1);
    }

    @Test
    void theRelativeErrorOfAnotherTargetIsUnknown() {
        Sample sample = sample(new Sizes(3, 7, 5, 20, false, 0.1));
        assertThat(repair(sample).relativeError()).isNaN();
    }

    /** Refuses the first factorisations, as if rounding had made the matrix indefinite. */
    private static LinearAlgebra refusing(int factorisations) {
        return new LinearAlgebra() {
            private final LinearAlgebra plain = new PlainLinearAlgebra();
            private int refused;

            @Override
            public boolean cholesky(DoubleMatrix symmetric) {
                if (refused++ < factorisations) {
                    symmetric.set(0, 0, Double.NaN); // the contents are undefined after a refusal
                    return false;
                }
                return plain.cholesky(symmetric);
            }

            @Override
            public void solve(DoubleMatrix factor, DoubleMatrix rows) {
                plain.solve(factor, rows);
            }

            @Override
            public void multiply(DoubleMatrix left, DoubleMatrix right, DoubleMatrix result) {
                plain.multiply(left, right, result);
            }
        };
    }

    private Repair refused(Sample sample, int factorisations) {
        PlainWorkbench workbench = new PlainWorkbench(refusing(factorisations), arena, Map.of());
        return new Ridge(1e-4).repair(sample.module(), sample.kept(), workbench);
    }

    @Test
    void theRidgeIsRaisedTenfoldUntilTheFactorisationWorks() {
        Sample sample = sample(new Sizes(3, 7, 5, 20, false, 0));
        Repair raised = refused(sample, 2);
        assertThat(raised.remark())
                .isEqualTo("the kept inputs are linearly dependent to working precision:"
                        + " ridge raised from 1.0e-04 to 1.0e-02");
        Repair asked = repair(sample, ridge(1e-2));
        assertThat(asked.ridge()).isCloseTo(raised.ridge(), within(1e-12 * raised.ridge()));
        assertThat(numbers(output(raised).weight()))
                .containsExactly(numbers(output(asked).weight()), within(1e-6));
    }

    @Test
    void matricesThatAreNoGramMatrixAreRefused() {
        Sample sample = sample(new Sizes(3, 7, 5, 20, false, 0));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> refused(sample, 100))
                .withMessageContaining("not positive semidefinite");

        sample.moment(GRAM).set(3, 3, -1);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> repair(sample))
                .withMessageContaining("-1.0 on its diagonal, in row 3");

        DoubleMatrix small = DoubleMatrix.allocate(arena, 7, 7);
        Linear wide = Linear.of(Matrix.allocate(arena, DataType.F32, 3, 8));
        Problem wrongShape = new Problem(wide, 5, small, small, small, small, small, small, 20);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Ridge(1e-4).solve(wrongShape, new PlainLinearAlgebra(), arena))
                .withMessage("the Gram matrix must be 8 × 8, but is 7 × 7");
    }

    @ParameterizedTest
    @ValueSource(strings = {"-1e-9", "NaN", "Infinity", "much"})
    void badRidgesAreRefused(String value) {
        Sample sample = sample(new Sizes(3, 7, 5, 20, false, 0));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> repair(sample, Map.of("ridge", value)))
                .withMessageContaining("option ridge must be");
    }
}
