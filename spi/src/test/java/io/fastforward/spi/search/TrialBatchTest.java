package io.fastforward.spi.search;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.spi.model.Policy;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TrialBatchTest {

    /** Seven candidates of four modules, in some order. */
    private static final TrialBatch BATCH = batch();

    private static TrialBatch batch() {
        List<Policy> candidates = new ArrayList<>(IntStream.range(0, 7)
                .mapToObj(i -> new Policy(List.of(1 + i / 4, 1 + i / 2 % 2, 3, 1 + i)))
                .toList());
        Collections.shuffle(candidates, new Random(1));
        return new TrialBatch(List.of(2, 5), candidates);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7, 8})
    void partsAreTheWholeBatch(int count) {
        List<TrialBatch.Part> parts = BATCH.parts(count);
        assertThat(parts).hasSize(Math.min(count, 7));
        assertThat(parts.stream().flatMap(part -> part.places().stream()))
                .containsExactlyInAnyOrderElementsOf(
                        IntStream.range(0, 7).boxed().toList());
        assertThat(parts).allSatisfy(part -> {
            assertThat(part.batch().windows()).isEqualTo(BATCH.windows());
            assertThat(part.places().size()).isBetween(7 / parts.size(), Math.ceilDiv(7, parts.size()));
            assertThat(part.batch().candidates())
                    .isEqualTo(
                            part.places().stream().map(BATCH.candidates()::get).toList());
        });
    }

    @Test
    void whoAgreesOnLeadingLayersStaysTogether() {
        List<TrialBatch.Part> halves = BATCH.parts(2);
        assertThat(halves.getFirst().batch().candidates()).allMatch(policy -> policy.attentionUnits(0) == 1);
        assertThat(halves.getLast().batch().candidates())
                .filteredOn(policy -> policy.attentionUnits(0) == 1)
                .hasSize(1);
    }
}
