package org.example.pruning;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fastforward.spi.measure.Measured;
import io.fastforward.spi.measure.ModuleView;
import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.prune.Criterion;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.DoubleMatrix;
import io.fastforward.spi.tensor.Matrix;
import io.fastforward.testkit.CriterionContract;
import java.util.Map;
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
        Measured measured = new Measured(37, Map.of(Wish.features(Moment.SQUARE_SUMS), squareSums));
        ModuleView module = module(mlp(1, 2), weight, measured);

        assertThat(score(new ExampleCriterion(0), module, 1)).containsExactly(new double[] {3, 2}, within(1e-12));
        assertThat(score(new ExampleCriterion(1), module, 1)).containsExactly(new double[] {6, 8}, within(1e-12));
    }
}
