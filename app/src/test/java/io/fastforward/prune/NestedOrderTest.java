package io.fastforward.prune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class NestedOrderTest {

    @Test
    void highScoresComeFirstAndTiesStayInPlace() {
        NestedOrder order = NestedOrder.byDescendingScore(
                List.of(new double[] {0.5, 2, 0.5, Double.POSITIVE_INFINITY, -1}, new double[] {7}));
        assertThat(order.modules()).containsExactly(List.of(3, 1, 0, 2, 4), List.of(0));
    }

    @Test
    void everyUnitIsThereOnce() {
        assertThat(new NestedOrder(List.of(List.of(1, 0))).modules()).containsExactly(List.of(1, 0));
        for (List<Integer> wrong : List.of(List.of(0, 0), List.of(0, 2), List.of(-1, 0))) {
            assertThatThrownBy(() -> new NestedOrder(List.of(wrong))).isInstanceOf(IllegalArgumentException.class);
        }
    }
}
