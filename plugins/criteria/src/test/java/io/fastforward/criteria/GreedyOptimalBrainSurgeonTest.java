package io.fastforward.criteria;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.fastforward.spi.measure.Measured;
import io.fastforward.spi.measure.ModuleView;
import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.model.AttentionUnit;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.prune.Criterion;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.DoubleMatrix;
import io.fastforward.spi.tensor.Matrix;
import io.fastforward.testkit.CriterionContract;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class GreedyOptimalBrainSurgeonTest extends CriterionContract {

    @Override
    protected Criterion.Provider provider() {
        return new GreedyOptimalBrainSurgeon.Provider();
    }

    /** More columns than go before the matrices follow, by one a part and by several. */
    static Stream<ModuleSpec> smallAndLarge() {
        return Stream.of(
                mlp(1, 1),
                mlp(1, 2),
                mlp(3, 70),
                attention(7, 3, 2, 5),
                attention(3, 6, 2, 12),
                attention(3, 5, 4, 7).withUnit(AttentionUnit.QUERY_HEAD));
    }

    @ParameterizedTest
    @MethodSource("smallAndLarge")
    void thePartThatCostsLeastGoesAndTheScoreIsWhatIsLostByThen(ModuleSpec spec) {
        ModuleView module = module(spec, DataType.F32);
        Repair repair = new Repair(module, 1e-4);

        double[] scores = score(module);

        Set<Integer> gone = new LinkedHashSet<>();
        for (int removal = 0; removal < scores.length; removal++) {
            int next = IntStream.range(0, scores.length)
                    .filter(part -> !gone.contains(part))
                    .boxed()
                    .min(Comparator.comparingDouble(part -> repair.loss(with(gone, part))))
                    .orElseThrow();
            gone.add(next);
            assertThat(scores[next]).isCloseTo(repair.loss(gone), within(1e-8 * scores[next]));
        }
        assertThat(gone.stream().map(part -> scores[part]).toList()).isSorted();
    }

    private static Set<Integer> with(Set<Integer> parts, int another) {
        Set<Integer> more = new LinkedHashSet<>(parts);
        more.add(another);
        return more;
    }

    /** Two channels that are the same for all tokens: the first one to go costs nothing, and then the other one is dear. */
    @Test
    void whatAnotherStandsInForIsDearOnceThatIsGone() {
        Matrix weight = Matrix.allocate(arena, DataType.F32, 1, 3);
        weight.set(0, 0, 5);
        weight.set(0, 1, 4);
        weight.set(0, 2, 1);
        DoubleMatrix gram = DoubleMatrix.allocate(arena, 3, 3);
        for (int i = 0; i < 3; i++) {
            for (int j = 0; j < 3; j++) {
                gram.set(i, j, i < 2 == j < 2 ? 10 : 0);
            }
        }
        Measured measured = new Measured(10, Map.of(Wish.features(Moment.GRAM), gram));
        ModuleView module = module(mlp(1, 3), weight, measured);

        assertThat(score(new OptimalBrainSurgeon(1e-4), module, 1))
                .satisfies(once -> assertThat(once[0]).isLessThan(once[2]))
                .satisfies(once -> assertThat(once[1]).isLessThan(once[2]));
        // The one with the smaller weight goes, its weight goes to the other one, and 9² is lost with that.
        assertThat(score(module)).containsExactly(new double[] {82, 0.0008, 1}, within(0.02));
    }

    @Test
    void theOrderIsCompleteWhereNothingIsLost() {
        ModuleView module = module(mlp(2, 7), Matrix.allocate(arena, DataType.F32, 2, 7));

        assertThat(score(module)).doesNotHaveDuplicates();
    }

    @Test
    void modulesWhoseFeaturesAreZeroScoreNothing() {
        Matrix weight = randomMatrix(DataType.F32, 2, 3);
        Measured measured = new Measured(9, Map.of(Wish.features(Moment.GRAM), DoubleMatrix.allocate(arena, 3, 3)));

        assertThat(score(module(mlp(2, 3), weight, measured))).containsExactly(0, 0, 0);
    }

    @Test
    void linearlyDependentFeaturesNeedARidge() {
        ModuleView module = module(mlp(3, 129), DataType.F32); // of fewer tokens
        assertThatIllegalArgumentException()
                .isThrownBy(() -> score(criterion(Map.of("ridge", "0")), module, 1))
                .withMessageContainingAll("layer 17, MLP", "positive definite", "raise the option ridge");
    }
}
