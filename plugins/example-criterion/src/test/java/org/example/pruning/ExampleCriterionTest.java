package org.example.pruning;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fastforward.spi.prune.Criterion;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.DoubleMatrix;
import io.fastforward.spi.tensor.Matrix;
import io.fastforward.testkit.CriterionContract;
import org.junit.jupiter.api.Test;

/** What every criterion must do is in the contract test; what this one does is here. */
class ExampleCriterionTest extends CriterionContract {

    @Override
    protected Criterion.Provider provider() {
        return new ExampleCriterion.Provider();
    }

    @Test
    void theExponentLeadsFromMagnitudeToWanda() {
        Matrix weight = Matrix.allocate(arena, DataType.F32, 1, 2);
        weight.set(0, 0, -3);
        weight.set(0, 1, 2);
        DoubleMatrix squareSums = DoubleMatrix.allocate(arena, 1, 2);
        squareSums.set(0, 0, 4 * 37); // of 37 tokens
        squareSums.set(0, 1, 16 * 37);
        var module = module(mlp(1, 2), weight, squareSums);

        assertThat(new ExampleCriterion(0).score(module)).containsExactly(new double[] {3, 2}, within(1e-12));
        assertThat(new ExampleCriterion(1).score(module)).containsExactly(new double[] {6, 8}, within(1e-12));
    }
}
