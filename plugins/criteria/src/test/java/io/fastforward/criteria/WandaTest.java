package io.fastforward.criteria;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.fastforward.spi.measure.Measured;
import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.prune.Criterion;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.DoubleMatrix;
import io.fastforward.spi.tensor.Matrix;
import io.fastforward.testkit.CriterionContract;
import java.util.Map;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class WandaTest extends CriterionContract {

    private static final Wish SQUARE_SUMS = Wish.features(Moment.SQUARE_SUMS);

    @Override
    protected Criterion.Provider provider() {
        return new Wanda.Provider();
    }

    @Test
    void aScoreIsTheMeanWeightTimesTheRootMeanSquareOfTheFeature() {
        Matrix weight = Matrix.allocate(arena, DataType.F32, 2, 4);
        float[][] numbers = {{1, -2, 0, 3}, {-3, 4, 0, 5}};
        for (int i = 0; i < 2; i++) {
            for (int j = 0; j < 4; j++) {
                weight.set(i, j, numbers[i][j]);
            }
        }
        DoubleMatrix squareSums = DoubleMatrix.allocate(arena, 1, 4);
        double[] rootMeanSquares = {0.5, 3, 7, 0};
        for (int j = 0; j < 4; j++) {
            squareSums.set(0, j, 37 * rootMeanSquares[j] * rootMeanSquares[j]);
        }
        Measured measured = new Measured(37, Map.of(SQUARE_SUMS, squareSums));

        assertThat(score(module(mlp(2, 4), weight, measured)))
                .containsExactly(new double[] {1, 9, 0, 0}, within(1e-14));
        assertThat(score(module(attention(2, 1, 2, 2), weight, measured)))
                .containsExactly(new double[] {10, 0}, within(1e-13));
    }

    @ParameterizedTest
    @MethodSource("specs")
    void itMatchesTheFormulaInEveryDataType(ModuleSpec spec) {
        for (DataType type : DataType.values()) {
            var module = module(spec, type);
            Matrix weight = module.weights().output().weight();
            DoubleMatrix squareSums = module.measured().get(SQUARE_SUMS);
            double[] expected = new double[spec.parts()];
            for (int j = 0; j < weight.columns(); j++) {
                for (int i = 0; i < weight.rows(); i++) {
                    expected[j / spec.featuresPerPart()] += Math.abs(weight.get(i, j))
                            * Math.sqrt(squareSums.get(0, j) / module.measured().tokens())
                            / weight.rows();
                }
            }

            double[] scores = score(module);

            // All terms are positive, so the two orders of summation differ by at most terms · 2⁻⁵² of the sum.
            double bound = 4.0 * weight.rows() * spec.featuresPerPart() * 0x1p-52;
            for (int unit = 0; unit < scores.length; unit++) {
                assertThat(scores[unit]).isCloseTo(expected[unit], within(bound * expected[unit]));
            }
        }
    }

    @Test
    void aMapOfTheWrongShapeIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> score(module(mlp(3, 6), randomMatrix(DataType.F32, 3, 5))))
                .withMessage("layer 17, MLP, output weight: must be 3 × 6, but is 3 × 5");
    }

    @Test
    void theNormL2IsTheRootMeanSquareOfTheColumn() {
        Matrix weight = Matrix.allocate(arena, DataType.F32, 2, 2);
        weight.set(0, 0, 3);
        weight.set(1, 0, -4);
        weight.set(1, 1, 2);
        DoubleMatrix squareSums = DoubleMatrix.allocate(arena, 1, 2);
        squareSums.set(0, 0, 37 * 4);
        squareSums.set(0, 1, 37 * 9);
        Measured measured = new Measured(37, Map.of(SQUARE_SUMS, squareSums));

        assertThat(score(criterion(Map.of("norm", "l2")), module(mlp(2, 2), weight, measured), 1))
                .containsExactly(new double[] {2 * Math.sqrt(12.5), 3 * Math.sqrt(2)}, within(1e-14));
    }

    @Test
    void allCriteriaAreFoundAsServices() {
        assertThat(ServiceLoader.load(Criterion.Provider.class))
                .extracting(Criterion.Provider::id)
                .containsExactly("wanda", "magnitude", "fluctuation", "obs", "greedy-obs", "spap", "random");
    }
}
