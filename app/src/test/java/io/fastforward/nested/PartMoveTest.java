package io.fastforward.nested;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.model.Model;
import io.fastforward.model.NamedTensor;
import io.fastforward.spi.model.LayerWeights;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.Policy;
import io.fastforward.testing.RandomLlama;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PartMoveTest {

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
}
