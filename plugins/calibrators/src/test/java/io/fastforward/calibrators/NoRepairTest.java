package io.fastforward.calibrators;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.fastforward.spi.model.Linear;
import io.fastforward.spi.prune.Calibrator;
import io.fastforward.spi.prune.Calibrator.Problem;
import io.fastforward.spi.prune.Calibrator.Solution;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import io.fastforward.testkit.CalibratorContract;
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
        Problem problem = sample(new Sizes(4, 9, 6, 20, true, 0)).problem();
        Solution solution = calibrate(problem);

        assertThat(numbers(solution.map().weight()))
                .containsExactly(numbers(problem.map().weight().leadingColumns(6)));
        assertThat(numbers(requireNonNull(solution.map().bias())))
                .containsExactly(numbers(requireNonNull(problem.map().bias())));
        assertThat(solution.relativeError()).isNaN();
        assertThat(solution.remark()).isNull();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 7, -1})
    void impossibleNumbersOfInputsAreRefused(int kept) {
        Problem problem = withoutStatistics(Linear.of(weights(4, 6)), kept);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> calibrate(problem))
                .withMessage("from 1 to 6 inputs of the map can be kept, not " + kept);
    }

    @Test
    void weightsOfAnotherDataTypeAreRefused() {
        Problem problem = withoutStatistics(Linear.of(Matrix.allocate(arena, DataType.BF16, 4, 6)), 3);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> calibrate(problem))
                .withMessage("a map to calibrate must be F32, but is BF16");
    }

    @Test
    void allCalibratorsAreFoundAsServices() {
        assertThat(ServiceLoader.load(Calibrator.Provider.class))
                .extracting(Calibrator.Provider::id)
                .containsExactly("ridge", "none", "bias", "bias-ridge");
    }
}
