package io.fastforward.settings;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.failure.FailureKind;
import io.fastforward.model.Model;
import io.fastforward.spi.format.Demands;
import io.fastforward.testing.Failures;
import io.fastforward.testing.RandomLlama;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a format demands holds before there is a search. */
class BudgetSettingsTest {

    private static final Demands WHOLE_VALUES = new Demands(1, false, true);

    @TempDir
    private Path directory;

    @ParameterizedTest
    @EnumSource(
            value = AttentionPruning.class,
            names = {"AUTO", "VALUE_CHANNELS"})
    void valuesThatStayWholeLoseNoDimensions(AttentionPruning attention) {
        try (Model model = Model.open(new RandomLlama().write(directory))) {
            BudgetSettings settings = pruning(attention);
            assertThat(settings.of(model.spec(), Demands.NONE).modules()).isEqualTo(4);
            Failures.expect(
                    FailureKind.USAGE,
                    () -> settings.of(model.spec(), WHOLE_VALUES),
                    "<export.format>",
                    "use <budget.attention> kv-group");
        }
    }

    @Test
    void headsMayGoWhereValuesStayWhole() {
        try (Model model = Model.open(new RandomLlama().write(directory))) {
            for (AttentionPruning attention :
                    Set.of(AttentionPruning.KV_GROUP, AttentionPruning.QUERY_HEADS, AttentionPruning.NONE)) {
                assertThat(pruning(attention).of(model.spec(), WHOLE_VALUES).modules())
                        .isEqualTo(4);
            }
        }
    }

    private static BudgetSettings pruning(AttentionPruning attention) {
        return new BudgetSettings(0.1, attention, 0.1, 1, Set.of(), TargetRuntime.HF);
    }
}
