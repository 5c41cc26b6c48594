package io.fastforward.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.model.Model;
import io.fastforward.nested.NestedModel;
import io.fastforward.spi.model.AttentionUnit;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.Policy;
import io.fastforward.testing.RandomLlama;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RetentionChartTest {

    @Test
    void everyLayerIsALineOfBars(@TempDir Path directory) {
        try (Model model = Model.open(new RandomLlama().write(directory))) {
            assertThat(RetentionChart.lines(model.spec(), model.spec().pruned(new Policy(List.of(3, 1, 1, 5)))))
                    .containsExactly(
                            "layer  KV groups                           MLP channels                      ",
                            "    0  ████████████████████ 3/3            ██·················· 1/10         ",
                            "    1  ███████············· 1/3            ██████████·········· 5/10         ");
        }
    }

    @Test
    void whatIsCountedIsWhatWasPruned(@TempDir Path directory) {
        try (Model model = Model.open(new RandomLlama().write(directory))) {
            ModelSpec heads = model.spec().withAttentionUnit(AttentionUnit.QUERY_HEAD);
            assertThat(RetentionChart.lines(model.spec(), NestedModel.pruned(heads, new Policy(List.of(2, 1, 1, 5)))))
                    .element(2)
                    .asString()
                    .contains(" 3/6 ");
            ModelSpec channels = model.spec().withAttentionUnit(AttentionUnit.VALUE_CHANNEL);
            ModelSpec pruned = NestedModel.pruned(channels, new Policy(List.of(0, 1, 3, 5)));
            assertThat(RetentionChart.lines(model.spec(), pruned))
                    .containsExactly(
                            "layer  value channels                      MLP channels                      ",
                            "    0  ···················· 0/4            ██·················· 1/10         ",
                            "    1  ███████████████····· 3/4            ██████████·········· 5/10         ");
        }
    }
}
