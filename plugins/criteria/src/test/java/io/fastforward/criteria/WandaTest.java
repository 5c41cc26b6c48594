package io.fastforward.criteria;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.prune.Criterion;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.DoubleMatrix;
import io.fastforward.spi.tensor.Matrix;
import io.fastforward.testkit.CriterionContract;
import java.util.Objects;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class WandaTest extends CriterionContract {

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
            squareSums.set(0, j, 37 * rootMeanSquares[j] * rootMeanSquares[j]); // the contract's modules have 37 tokens
        }

        assertThat(new Wanda().score(module(mlp(2, 4), weight, squareSums)))
                .containsExactly(new double[] {1, 9, 0, 0}, within(1e-14));
        assertThat(new Wanda().score(module(attention(2, 1, 2, 2), weight, squareSums)))
                .containsExactly(new double[] {10, 0}, within(1e-13));
    }

    @ParameterizedTest
    @MethodSource("specs")
    void itMatchesTheFormulaInEveryDataType(ModuleSpec spec) {
        for (DataType type : DataType.values()) {
            var module = module(spec, type);
            Matrix weight = module.weights().output().weight();
            DoubleMatrix squareSums = Objects.requireNonNull(module.moments());
            double[] expected = new double[spec.parts()];
            for (int j = 0; j < weight.columns(); j++) {
                for (int i = 0; i < weight.rows(); i++) {
                    expected[j / spec.featuresPerPart()] += Math.abs(weight.get(i, j))
                            * Math.sqrt(squareSums.get(0, j) / module.tokens())
                            / weight.rows();
                }
            }

            double[] scores = new Wanda().score(module);

            // All terms are positive, so the two orders of summation differ by at most terms · 2⁻⁵² of the sum.
            double bound = 4.0 * weight.rows() * spec.featuresPerPart() * 0x1p-52;
            for (int unit = 0; unit < scores.length; unit++) {
                assertThat(scores[unit]).isCloseTo(expected[unit], within(bound * expected[unit]));
            }
        }
    }

    @Test
    void statisticsOfTheWrongShapeAreRefused() {
        Matrix weight = randomMatrix(DataType.F32, 3, 5);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Wanda().score(module(mlp(3, 5), weight, DoubleMatrix.allocate(arena, 1, 4))))
                .withMessage("layer 17, MLP: square sums must be 1 × 5, but are 1 × 4");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Wanda().score(module(mlp(3, 5), weight, null)))
                .withMessageContaining("needs the square sums");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Wanda().score(module(mlp(3, 6), weight, DoubleMatrix.allocate(arena, 1, 6))))
                .withMessage("layer 17, MLP, output weight: must be 3 × 6, but is 3 × 5");
    }

    @Test
    void bothCriteriaAreFoundAsServices() {
        assertThat(ServiceLoader.load(Criterion.Provider.class))
                .extracting(Criterion.Provider::id)
                .containsExactly("wanda", "magnitude");
    }
}
