package io.fastforward.calibrators;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.fastforward.spi.model.Linear;
import io.fastforward.spi.prune.Calibrator;
import io.fastforward.spi.prune.Calibrator.Repair;
import io.fastforward.spi.prune.OutputMapCalibrator.Problem;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.DoubleMatrix;
import io.fastforward.spi.tensor.Matrix;
import io.fastforward.testkit.CalibratorContract;
import io.fastforward.testkit.PlainLinearAlgebra;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NoRepairTest extends CalibratorContract {

    @Override
    protected Calibrator.Provider provider() {
        return new NoRepair.Provider();
    }

    @Test
    void theKeptWeightsAndTheBiasStay() {
        Sample sample = sample(new Sizes(4, 9, 6, 20, true, 0));
        Repair solution = repair(sample);

        assertThat(numbers(output(solution).weight()))
                .containsExactly(numbers(sample.map().weight().leadingColumns(6)));
        assertThat(numbers(requireNonNull(output(solution).bias())))
                .containsExactly(numbers(requireNonNull(sample.map().bias())));
        assertThat(solution.relativeError()).isNaN();
        assertThat(solution.remark()).isNull();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 7, -1})
    void impossibleNumbersOfInputsAreRefused(int kept) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> solve(Linear.of(weights(4, 6)), kept))
                .withMessage("from 1 to 6 inputs of the map can be kept, not " + kept);
    }

    @Test
    void weightsOfAnotherDataTypeAreRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> solve(Linear.of(Matrix.allocate(arena, DataType.BF16, 4, 6)), 3))
                .withMessage("a map to calibrate must be F32, but is BF16");
    }

    private void solve(Linear map, int kept) {
        DoubleMatrix none = DoubleMatrix.allocate(arena, 0, 0);
        new NoRepair()
                .solve(new Problem(map, kept, none, none, none, none, none, none, 0), new PlainLinearAlgebra(), arena);
    }

    @Test
    void allCalibratorsAreFoundAsServices() {
        assertThat(ServiceLoader.load(Calibrator.Provider.class))
                .extracting(Calibrator.Provider::id)
                .containsExactly("ridge", "none", "bias", "bias-ridge", "least-squares", "spap");
    }
}
