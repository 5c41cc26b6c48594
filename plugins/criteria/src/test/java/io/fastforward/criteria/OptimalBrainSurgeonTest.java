package io.fastforward.criteria;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.fastforward.spi.measure.ModuleView;
import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.prune.Criterion;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.DoubleMatrix;
import io.fastforward.testkit.CriterionContract;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class OptimalBrainSurgeonTest extends CriterionContract {

    @Override
    protected Criterion.Provider provider() {
        return new OptimalBrainSurgeon.Provider();
    }

    @ParameterizedTest
    @MethodSource("specs")
    void aScoreIsWhatIsLostWithThePartWhenTheRestIsRepaired(ModuleSpec spec) {
        for (DataType type : DataType.values()) {
            ModuleView module = module(spec, type);
            Repair repair = new Repair(module, 1e-4);

            double[] scores = score(module);

            for (int part = 0; part < scores.length; part++) {
                double expected = repair.loss(Set.of(part));
                // The Gram matrix has a condition of at most 10⁴ times its size.
                assertThat(scores[part]).isCloseTo(expected, within(1e-9 * expected));
            }
        }
    }

    @Test
    void theRidgeIsAnOption() {
        ModuleView module = module(mlp(5, 9), DataType.F32);
        Repair repair = new Repair(module, 0.5);

        double[] scores = score(criterion(Map.of("ridge", "0.5")), module, 1);

        for (int part = 0; part < scores.length; part++) {
            assertThat(scores[part]).isCloseTo(repair.loss(Set.of(part)), within(1e-12));
        }
    }

    @Test
    void featuresThatAreZeroCostNextToNothing() {
        ModuleView module = module(mlp(3, 5), DataType.F32);
        DoubleMatrix gram = module.measured().get(Wish.features(Moment.GRAM));
        for (int j = 0; j < 5; j++) {
            gram.set(2, j, 0);
            gram.set(j, 2, 0);
        }
        double[] scores = score(module);

        for (int unit : new int[] {0, 1, 3, 4}) {
            assertThat(scores[2]).isBetween(0.0, 0.1 * scores[unit]); // λ against the weakest of the others
        }
    }

    @Test
    void modulesWhoseFeaturesAreZeroScoreNothing() {
        ModuleView module = module(mlp(3, 5), DataType.F32);
        clear(module.measured().get(Wish.features(Moment.GRAM)));

        assertThat(score(module)).containsExactly(0, 0, 0, 0, 0);
    }

    @Test
    void linearlyDependentFeaturesNeedARidge() {
        ModuleView module = module(mlp(3, 129), DataType.F32); // of fewer tokens
        assertThatIllegalArgumentException()
                .isThrownBy(() -> score(criterion(Map.of("ridge", "0")), module, 1))
                .withMessage(
                        "layer 17, MLP, Gram matrix of the features: with a ridge of 0.0 it must be positive definite,"
                                + " but is not; measure it on more windows, or raise the option ridge");
    }

    private static void clear(DoubleMatrix matrix) {
        for (int i = 0; i < matrix.rows(); i++) {
            for (int j = 0; j < matrix.columns(); j++) {
                matrix.set(i, j, 0);
            }
        }
    }
}
