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
    @CsvSource({"1, 1, false, false", "3, 1, true, true", "3, 5, true, false", "1, 5, false, true"})
    void aValueChannelOfEveryGroupLeavesQueriesAndKeys(int groups, int queries, boolean inputBias, boolean outputBias) {
        AttentionSpec spec = attention(groups, queries, inputBias, outputBias, AttentionUnit.VALUE_CHANNEL);
        long row = HIDDEN + (inputBias ? 1L : 0);
        assertThat(spec.units()).isEqualTo(HEAD);
        assertThat(spec.parts()).isEqualTo(groups * HEAD);
        assertThat(spec.featuresPerPart()).isEqualTo(queries);
        assertThat(spec.parametersPerUnit()).isEqualTo(groups * (row + (long) queries * HIDDEN));
        assertThat(spec.fixedParameters()).isEqualTo((queries + 1L) * groups * HEAD * row + (outputBias ? HIDDEN : 0));
        assertThat(spec.withUnits(3).withUnit(AttentionUnit.KV_GROUP))
                .isEqualTo(attention(groups, queries, inputBias, outputBias, AttentionUnit.KV_GROUP)
                        .withValueSize(3));
    }

    /** Two parts of three columns, interleaved, and then two more; nested, each by itself. */
    @Test
    void interleavedPartsShareAStripe() {
        Coupling coupling = new Coupling(MapRole.ATTENTION_OUTPUT, Axis.COLUMNS, 3, 2);
        int[][] expected = {{0, 2, 4}, {1, 3, 5}, {6, 8, 10}, {7, 9, 11}};
        for (int part = 0; part < 4; part++) {
            for (int number = 0; number < 3; number++) {
                assertThat(coupling.stored(part, number)).isEqualTo(expected[part][number]);
                assertThat(coupling.nested(part, number)).isEqualTo(3 * part + number);
                assertThat(new Coupling(MapRole.UP, Axis.ROWS, 3).stored(part, number))
                        .isEqualTo(3 * part + number);
            }
        }
    }

    @Test
    void attentionWithoutUnitsIsTheSameWhateverTheyWere() {
        AttentionSpec gone = attention(3, 5, true, true, AttentionUnit.KV_GROUP).withUnits(0);
        for (AttentionUnit unit : AttentionUnit.values()) {
            AttentionSpec spec = attention(3, 5, true, true, unit).withUnits(0);
            assertThat(spec.isIdentity()).isTrue();
            assertThat(spec.maps()).isEmpty();
            assertThat(spec.parameters()).isZero();
            assertThat(spec.withUnit(AttentionUnit.KV_GROUP)).isEqualTo(gone);
        }
    }

    @Test
    void valuesAreAtMostAsWideAsKeys() {
        AttentionSpec spec = attention(1, 1, false, false, AttentionUnit.KV_GROUP);
        assertThatThrownBy(() -> spec.withValueSize(HEAD + 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("value 5");
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
                attention(3, 5, true, true, AttentionUnit.VALUE_CHANNEL),
                attention(3, 5, true, true, AttentionUnit.KV_GROUP).withValueSize(2),
                attention(3, 5, true, true, AttentionUnit.QUERY_HEAD).withValueSize(2),
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
