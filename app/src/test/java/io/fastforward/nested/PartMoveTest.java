package io.fastforward.nested;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.model.Model;
import io.fastforward.model.NamedTensor;
import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.AttentionUnit;
import io.fastforward.spi.model.LayerWeights;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.model.MapShape;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.model.Normalization;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import io.fastforward.testing.RandomLlama;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PartMoveTest {

    private static final Normalization RMS = new Normalization(Normalization.Kind.RMS, 1e-5);

    /** Two query heads of size 4 a group: 2 groups have 16 queries and 8 keys. */
    @Test
    void everyMapIsCutWhereItsUnitsEnd(@TempDir Path directory) {
        try (Model model = Model.open(new RandomLlama().write(directory))) {
            ModelSpec pruned = model.spec().pruned(new Policy(List.of(2, 7, 1, 1)));
            LayerWeights cut = NestedModel.cut(pruned.layers().getFirst(), model.layer(0), Arena.ofAuto());
            assertThat(NamedTensor.ofLayer(pruned, 0, cut))
                    .extracting(NamedTensor::shape)
                    .containsExactly(
                            List.of(12L), // norm
                            List.of(16L, 12L), // query
                            List.of(16L),
                            List.of(8L, 12L), // key
                            List.of(8L),
                            List.of(8L, 12L), // value
                            List.of(8L),
                            List.of(12L, 16L), // output
                            List.of(12L),
                            List.of(12L), // norm
                            List.of(7L, 12L), // gate
                            List.of(7L),
                            List.of(7L, 12L), // up
                            List.of(7L),
                            List.of(12L, 7L), // down
                            List.of(12L));
        }
    }

    /** Two groups of two query heads; every weight is its own place in the checkpoint, so that the order can be read off. */
    @Test
    void valueChannelsAreAnInterleavingOfHeads() {
        AttentionSpec spec =
                new AttentionSpec(RMS, 1, 3, 2, 2, null, 0, true, false).withUnit(AttentionUnit.VALUE_CHANNEL);
        ModuleWeights stored = numbered(spec);
        // Dimension 2 is the best of group 0, dimension 1 of group 1, whose dimensions are the parts 3 to 5.
        ModuleWeights nested = PartMove.toNested(spec, stored, List.of(2, 4, 0, 5, 1, 3), Arena.ofAuto());
        assertThat(column(nested.map(MapRole.VALUE).weight())).containsExactly(2, 4, 0, 5, 1, 3);
        assertThat(row(requireNonNull(nested.map(MapRole.VALUE).bias()))).containsExactly(2, 4, 0, 5, 1, 3);
        assertThat(row(nested.output().weight())).containsExactly(2, 5, 7, 10, 0, 3, 8, 11, 1, 4, 6, 9);
        assertThat(nested.map(MapRole.QUERY)).isSameAs(stored.map(MapRole.QUERY));
        assertThat(nested.map(MapRole.KEY)).isSameAs(stored.map(MapRole.KEY));

        ModuleWeights cut = NestedModel.cut(spec.withUnits(2), nested, Arena.ofAuto());
        assertThat(column(cut.map(MapRole.VALUE).weight())).containsExactly(2, 0, 4, 5);
        assertThat(row(requireNonNull(cut.map(MapRole.VALUE).bias()))).containsExactly(2, 0, 4, 5);
        assertThat(row(cut.output().weight())).containsExactly(2, 0, 5, 3, 7, 8, 10, 11);
    }

    /** One group is enough for the dimensions of its heads to lie apart. */
    @Test
    void valueChannelsOfASingleGroupGoBackToTheirHeads() {
        AttentionSpec spec =
                new AttentionSpec(RMS, 1, 3, 1, 2, null, 0, false, false).withUnit(AttentionUnit.VALUE_CHANNEL);
        ModuleWeights nested = PartMove.toNested(spec, numbered(spec), List.of(1, 2, 0), Arena.ofAuto());
        assertThat(row(nested.output().weight())).containsExactly(1, 4, 2, 5, 0, 3);
        ModuleWeights cut = NestedModel.cut(spec.withUnits(2), nested, Arena.ofAuto());
        assertThat(column(cut.map(MapRole.VALUE).weight())).containsExactly(1, 2);
        assertThat(row(cut.output().weight())).containsExactly(1, 2, 4, 5);
    }

    /** One of two groups is left, one of its two query heads, and two of three dimensions. */
    @Test
    void whatIsGoneEverywhereIsFilledUp() {
        AttentionSpec whole = new AttentionSpec(RMS, 1, 3, 2, 2, null, 0, true, false);
        AttentionSpec pruned = new AttentionSpec(RMS, 1, 3, 1, 1, null, 0, true, false).withValueSize(2);
        ModuleWeights filled = PartMove.fillUp(pruned, whole, numbered(pruned), Arena.ofAuto());
        assertThat(column(filled.map(MapRole.QUERY).weight())).containsExactly(0, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0);
        assertThat(column(filled.map(MapRole.KEY).weight())).containsExactly(0, 1, 2, 0, 0, 0);
        assertThat(column(filled.map(MapRole.VALUE).weight())).containsExactly(0, 1, 0, 0, 0, 0);
        assertThat(row(requireNonNull(filled.map(MapRole.VALUE).bias()))).containsExactly(0, 1, 0, 0, 0, 0);
        assertThat(row(filled.output().weight())).containsExactly(0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

        AttentionSpec narrow = whole.withValueSize(2);
        filled = PartMove.fillUp(narrow, whole, numbered(narrow), Arena.ofAuto());
        assertThat(column(filled.map(MapRole.VALUE).weight())).containsExactly(0, 1, 0, 2, 3, 0);
        assertThat(row(filled.output().weight())).containsExactly(0, 1, 0, 2, 3, 0, 4, 5, 0, 6, 7, 0);
    }

    /** Rows of the input maps, their biases, and columns of the output map are their indices. */
    private static ModuleWeights numbered(AttentionSpec spec) {
        Arena arena = Arena.ofAuto();
        ModuleWeights weights = PartMove.zeros(spec, DataType.F32, arena);
        for (MapShape shape : spec.maps()) {
            Linear map = weights.map(shape.role());
            for (int row = 0; row < shape.rows(); row++) {
                for (int column = 0; column < shape.columns(); column++) {
                    map.weight().set(row, column, shape.role().isOutput() ? column : row);
                }
                Matrix bias = map.bias();
                if (bias != null) {
                    bias.set(0, row, row);
                }
            }
        }
        return weights;
    }

    private static int[] column(Matrix matrix) {
        return IntStream.range(0, matrix.rows())
                .map(row -> (int) matrix.get(row, 0))
                .toArray();
    }

    private static int[] row(Matrix matrix) {
        return IntStream.range(0, matrix.columns())
                .map(column -> (int) matrix.get(0, column))
                .toArray();
    }
}
