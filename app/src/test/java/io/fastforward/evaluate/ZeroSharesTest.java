package io.fastforward.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fastforward.model.Model;
import io.fastforward.model.WeightCopy;
import io.fastforward.spi.model.LayerWeights;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.prune.Pattern;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import io.fastforward.testing.DemoModel;
import java.lang.foreign.Arena;
import java.util.List;
import org.junit.jupiter.api.Test;

class ZeroSharesTest {

    @Test
    void aDenseModelHasNone() {
        try (Model model = DemoModel.open()) {
            ZeroShares zeros = ZeroShares.count(model.spec(), model, ZeroShares.GROUPS, layer -> {});
            assertThat(zeros.maps()).hasSize(8 * 7);
            assertThat(zeros.share()).isLessThan(1e-3);
            assertThat(zeros.patterns()).isEmpty();
        }
    }

    /** Of every four columns, two are zero in all maps; in one map, one weight of them is not. */
    @Test
    void whatIsZeroIsCounted() {
        try (Model model = DemoModel.open()) {
            ModelSpec spec = model.spec();
            assertThat(count(model, spec, false).patterns()).containsExactly("2:4", "4:8", "0.5");
            ZeroShares spoilt = count(model, spec, true);
            assertThat(spoilt.patterns()).isEmpty();
            assertThat(spoilt.share()).isCloseTo(0.5, within(1e-3));
            assertThat(spoilt.maps().getLast().role()).isEqualTo(MapRole.MLP_OUTPUT);
            assertThat(spoilt.maps().getLast().share()).isCloseTo(0.5, within(1e-3));
        }
    }

    private static ZeroShares count(Model model, ModelSpec spec, boolean spoilt) {
        List<Pattern> asked = List.of(new Pattern.Groups(2, 4), new Pattern.Groups(4, 8), new Pattern.Share(0.5));
        return ZeroShares.count(
                spec, (layer, arena) -> halved(model.layer(layer), spoilt && layer == 3, arena), asked, layer -> {});
    }

    private static LayerWeights halved(LayerWeights dense, boolean spoilt, Arena arena) {
        LayerWeights copy = WeightCopy.of(dense, DataType.F32, arena);
        for (var module : List.of(copy.attention(), copy.mlp())) {
            module.maps().values().forEach(map -> halve(map.weight()));
        }
        if (spoilt) {
            copy.mlp().map(MapRole.UP).weight().set(5, 0, 1);
            copy.mlp().map(MapRole.UP).weight().set(5, 1, 1);
            copy.mlp().map(MapRole.UP).weight().set(5, 2, 1);
        }
        return copy;
    }

    private static void halve(Matrix weight) {
        for (int row = 0; row < weight.rows(); row++) {
            for (int column = 0; column < weight.columns(); column++) {
                weight.set(row, column, column % 4 < 2 ? 0 : 1);
            }
        }
    }
}
