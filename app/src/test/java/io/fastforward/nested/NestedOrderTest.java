package io.fastforward.nested;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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

class NestedOrderTest {

    private static final Normalization RMS = new Normalization(Normalization.Kind.RMS, 1e-5);

    @Test
    void highScoresComeFirstAndTiesStayInPlace() {
        ModelSpec spec = model(new AttentionSpec(RMS, 8, 2, 5, 3, null, 0, false, false));
        NestedOrder order = NestedOrder.byDescendingScore(
                spec, List.of(new double[] {0.5, 2, 0.5, Double.POSITIVE_INFINITY, -1}, new double[] {7}));
        assertThat(order.modules()).containsExactly(List.of(3, 1, 0, 2, 4), List.of(0));
        assertThat(NestedOrder.ofSource(spec).modules()).containsExactly(List.of(0, 1, 2, 3, 4), List.of(0));
    }

    /** Two groups of three query heads; the checkpoint has the heads of group 0 first. */
    @Test
    void queryHeadsCompeteWithinTheirGroup() {
        ModelSpec spec = model(new AttentionSpec(RMS, 8, 2, 2, 3, null, 0, false, false))
                .withAttentionUnit(AttentionUnit.QUERY_HEAD);
        assertThat(NestedOrder.ofSource(spec).modules().getFirst()).containsExactly(0, 3, 1, 4, 2, 5);
        // Scores of the first head of each group, the second, the third.
        NestedOrder order =
                NestedOrder.byDescendingScore(spec, List.of(new double[] {1, 9, 3, 5, 2, 7}, new double[] {7}));
        // Group 0 has 1, 3, 2 and group 1 has 9, 5, 7.
        assertThat(order.modules().getFirst()).containsExactly(1, 3, 2, 5, 0, 4);
    }

    /** Two groups of three dimensions, whatever their query heads; the checkpoint has the dimensions of group 0 first. */
    @Test
    void valueChannelsCompeteWithinTheirGroup() {
        ModelSpec spec = model(new AttentionSpec(RMS, 8, 3, 2, 4, null, 0, false, false))
                .withAttentionUnit(AttentionUnit.VALUE_CHANNEL);
        assertThat(NestedOrder.ofSource(spec).modules().getFirst()).containsExactly(0, 3, 1, 4, 2, 5);
        NestedOrder order =
                NestedOrder.byDescendingScore(spec, List.of(new double[] {1, 9, 3, 5, 2, 7}, new double[] {7}));
        assertThat(order.modules().getFirst()).containsExactly(1, 3, 2, 5, 0, 4);
        order.requireFits(spec);
    }

    private static ModelSpec model(AttentionSpec attention) {
        MlpSpec mlp = new MlpSpec(RMS, 8, 1, true, Activation.SILU, false, false);
        TensorNames names = new TensorNames("", null, null, null, "", "", "", "", Map.of());
        return new ModelSpec("llama", names, 8, 8, 9, 16, null, List.of(new LayerSpec(attention, mlp)), RMS, true);
    }

    @Test
    void everyUnitIsThereOnce() {
        assertThat(new NestedOrder(List.of(List.of(1, 0))).modules()).containsExactly(List.of(1, 0));
        for (List<Integer> wrong : List.of(List.of(0, 0), List.of(0, 2), List.of(-1, 0))) {
            assertThatThrownBy(() -> new NestedOrder(List.of(wrong))).isInstanceOf(IllegalArgumentException.class);
        }
    }
}
