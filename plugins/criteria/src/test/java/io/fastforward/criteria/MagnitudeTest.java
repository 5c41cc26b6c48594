package io.fastforward.criteria;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fastforward.spi.prune.Criterion;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import io.fastforward.testkit.CriterionContract;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class MagnitudeTest extends CriterionContract {

    @Override
    protected Criterion.Provider provider() {
        return new Magnitude.Provider();
    }

    @ParameterizedTest
    @EnumSource(DataType.class)
    void aScoreIsTheMeanMagnitudeOfTheColumnsOfAUnit(DataType type) {
        Matrix weight = Matrix.allocate(arena, type, 2, 6);
        float[][] numbers = {{1, -2, 0, 3, -0.5f, 8}, {-3, 4, 0, 5, 0.5f, -8}};
        for (int i = 0; i < 2; i++) {
            for (int j = 0; j < 6; j++) {
                weight.set(i, j, numbers[i][j]);
            }
        }

        assertThat(score(module(mlp(2, 6), weight))).containsExactly(new double[] {2, 3, 0, 4, 0.5, 8}, within(0.0));
        assertThat(score(module(attention(2, 1, 3, 2), weight))).containsExactly(new double[] {5, 12.5}, within(0.0));
    }

    @Test
    void theNormL2IsTheRootMeanSquareOfTheColumn() {
        Matrix weight = Matrix.allocate(arena, DataType.F32, 2, 2);
        weight.set(0, 0, 3);
        weight.set(1, 0, -4);

        assertThat(score(criterion(Map.of("norm", "l2")), module(mlp(2, 2), weight), 1))
                .containsExactly(new double[] {Math.sqrt(12.5), 0}, within(1e-15));
    }
}
