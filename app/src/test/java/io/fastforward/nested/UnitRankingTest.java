package io.fastforward.nested;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.spi.model.Activation;
import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.AttentionUnit;
import io.fastforward.spi.model.LayerSpec;
import io.fastforward.spi.model.MlpSpec;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.Normalization;
import io.fastforward.spi.model.TensorNames;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class UnitRankingTest {

    private static final Normalization RMS = new Normalization(Normalization.Kind.RMS, 1e-5);

    @Test
    void scoresDescendWithTheUnits() {
        ModelSpec spec = model(new AttentionSpec(RMS, 8, 2, 3, 2, null, 0, false, false));
        UnitRanking ranking = UnitRanking.of(spec, List.of(new double[] {0.5, 2, -1}, new double[] {7}), List.of());
        assertThat(ranking.modules()).containsExactly(List.of(1, 0, 2), List.of(0));
        assertThat(ranking.unitScores()).containsExactly(List.of(2.0, 0.5, -1.0), List.of(7.0));
        ranking.requireFits(spec);
    }

    /** Two groups of three query heads: group 0 has 1, 3, 2 and group 1 has 9, 5, 7. */
    @Test
    void aUnitOfSeveralPartsHasTheSumOfTheirScores() {
        ModelSpec spec = model(new AttentionSpec(RMS, 8, 2, 2, 3, null, 0, false, false))
                .withAttentionUnit(AttentionUnit.QUERY_HEAD);
        UnitRanking ranking =
                UnitRanking.of(spec, List.of(new double[] {1, 9, 3, 5, 2, 7}, new double[] {7}), List.of());
        assertThat(ranking.order().modules().getFirst()).containsExactly(1, 3, 2, 5, 0, 4);
        assertThat(ranking.unitScores().getFirst()).containsExactly(3.0 + 9, 2.0 + 7, 1.0 + 5);
        ranking.requireFits(spec);
    }

    private static ModelSpec model(AttentionSpec attention) {
        MlpSpec mlp = new MlpSpec(RMS, 8, 1, true, Activation.SILU, false, false);
        TensorNames names = new TensorNames("", null, null, null, "", "", "", "", Map.of());
        return new ModelSpec("llama", names, 8, 8, 9, 16, null, List.of(new LayerSpec(attention, mlp)), RMS, true);
    }
}
