package io.fastforward.spi.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is derived from maps and couplings, against the counts worked out by hand. */
class ModuleSpecTest {

    private static final Normalization RMS = new Normalization(Normalization.Kind.RMS, 1e-5);
    private static final int HIDDEN = 7;
    private static final int HEAD = 4;

    @ParameterizedTest
    @CsvSource({"1, 1, false, false", "3, 1, true, true", "3, 5, true, false", "1, 5, false, true"})
    void aKvGroupTakesItsKeysAndValuesAlong(int groups, int queries, boolean inputBias, boolean outputBias) {
        AttentionSpec spec = attention(groups, queries, inputBias, outputBias, AttentionUnit.KV_GROUP);
        long row = HIDDEN + (inputBias ? 1L : 0);
        assertThat(spec.featuresPerUnit()).isEqualTo(queries * HEAD);
        assertThat(spec.parametersPerUnit()).isEqualTo((queries + 2L) * HEAD * row + (long) queries * HEAD * HIDDEN);
        assertThat(spec.fixedParameters()).isEqualTo(outputBias ? HIDDEN : 0);
    }

    @ParameterizedTest
    @CsvSource({"1, 1, false, false", "3, 1, true, true", "3, 5, true, false", "1, 5, false, true"})
    void aQueryHeadOfEveryGroupLeavesKeysAndValues(int groups, int queries, boolean inputBias, boolean outputBias) {
        AttentionSpec spec = attention(groups, queries, inputBias, outputBias, AttentionUnit.QUERY_HEAD);
        long row = HIDDEN + (inputBias ? 1L : 0);
        assertThat(spec.units()).isEqualTo(queries);
        assertThat(spec.parts()).isEqualTo(groups * queries);
        assertThat(spec.featuresPerUnit()).isEqualTo(groups * HEAD);
        assertThat(spec.parametersPerUnit()).isEqualTo((row + HIDDEN) * HEAD * groups);
        assertThat(spec.fixedParameters()).isEqualTo(2L * groups * HEAD * row + (outputBias ? HIDDEN : 0));
    }

    @ParameterizedTest
    @CsvSource({"true, false, false", "false, true, true", "true, true, false"})
    void aChannelTakesARowOfEachInputMap(boolean gated, boolean inputBias, boolean outputBias) {
        MlpSpec spec = new MlpSpec(RMS, HIDDEN, 9, gated, Activation.SILU, inputBias, outputBias);
        assertThat(spec.parametersPerUnit()).isEqualTo((gated ? 2L : 1) * (HIDDEN + (inputBias ? 1 : 0)) + HIDDEN);
        assertThat(spec.fixedParameters()).isEqualTo(outputBias ? HIDDEN : 0);
    }

    /** Every part has its rows or columns, and all parts together have all of them. */
    @Test
    void partsShareOutWhatIsCoupled() {
        for (ModuleSpec spec : List.of(
                attention(3, 5, true, true, AttentionUnit.KV_GROUP),
                attention(3, 5, true, true, AttentionUnit.QUERY_HEAD),
                new MlpSpec(RMS, HIDDEN, 9, true, Activation.SILU, true, true))) {
            for (Coupling coupling : spec.couplings()) {
                MapShape map = spec.map(coupling.role());
                int size = coupling.axis() == Axis.ROWS ? map.rows() : map.columns();
                assertThat(spec.parts() * coupling.width())
                        .as("%s of %s", coupling, spec)
                        .isEqualTo(size);
            }
            assertThat(spec.withUnits(1).parameters())
                    .isEqualTo(spec.parameters() - (spec.units() - 1) * spec.parametersPerUnit());
        }
    }

    @Test
    void aMapThatIsNotThereIsNamed() {
        assertThatThrownBy(() ->
                        attention(1, 1, false, false, AttentionUnit.KV_GROUP).map(MapRole.GATE))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("GATE");
    }

    private static AttentionSpec attention(
            int groups, int queries, boolean inputBias, boolean outputBias, AttentionUnit unit) {
        return new AttentionSpec(RMS, HIDDEN, HEAD, groups, queries, null, 0, inputBias, outputBias).withUnit(unit);
    }
}
