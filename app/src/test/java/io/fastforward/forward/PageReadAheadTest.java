package io.fastforward.forward;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.model.Model;
import io.fastforward.spi.model.LayerWeights;
import io.fastforward.spi.model.WeightSource;
import io.fastforward.testing.RandomLlama;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PageReadAheadTest {

    private final List<Integer> asked = new ArrayList<>();

    /** Notes which layers are asked for. */
    private WeightSource source(List<MemorySegment> mapped) {
        return new WeightSource() {
            @Override
            public LayerWeights layer(int layer, Arena arena) {
                throw new UnsupportedOperationException();
            }

            @Override
            public List<MemorySegment> mapped(int layer) {
                asked.add(layer);
                return mapped;
            }
        };
    }

    @Test
    void onlyLayersThatThereAreAreRead() {
        try (PageReadAhead ahead = new PageReadAhead(2, source(List.of()))) {
            ahead.begin(1);
            ahead.begin(2);
        }
        assertThat(asked).containsExactly(1);
    }

    /** Of a disk that fails, or memory that is no file's, nobody hears here. */
    @Test
    void whatCannotBeReadIsLeftAlone() {
        MemorySegment closed;
        try (Arena arena = Arena.ofShared()) {
            closed = arena.allocate(8);
        }
        try (PageReadAhead ahead = new PageReadAhead(1, source(List.of(MemorySegment.ofArray(new byte[8]), closed)))) {
            ahead.begin(0);
        }
        assertThat(asked).containsExactly(0);
    }

    @Test
    void aModelTellsWhereItsLayersLie(@TempDir Path directory) {
        try (Model model = Model.open(new RandomLlama().write(directory));
                PageReadAhead ahead = new PageReadAhead(2, model)) {
            assertThat(model.mapped(1)).hasSize(7).allMatch(MemorySegment::isMapped);
            assertThat(model.mapped(1).stream()
                            .mapToLong(MemorySegment::byteSize)
                            .sum())
                    .isEqualTo(Float.BYTES * 12L * (24 + 12 + 12 + 24 + 3 * 10));
            ahead.begin(1);
        }
    }
}
