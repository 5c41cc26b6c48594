package io.fastforward.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.model.Model;
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
}
