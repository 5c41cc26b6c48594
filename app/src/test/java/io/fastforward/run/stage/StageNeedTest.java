package io.fastforward.run.stage;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class StageNeedTest {

    private static final long GIB = 1L << 30;
    private static final long MIB = 1L << 20;

    /** 4 GiB that stay, 3 of hidden states in chunks of 128 MiB, and sums of 2 and 2 GiB. */
    private static final StageNeed NEED =
            new StageNeed(4 * GIB, 0, 3 * GIB, 128 * MIB, List.of(2 * GIB, 2 * GIB), true);

    @Test
    void whatFitsStays() {
        assertThat(NEED.bytes()).isEqualTo(11 * GIB);
        assertThat(NEED.leastBytes()).isEqualTo(4 * GIB);
        assertThat(NEED.spilledBytes(11 * GIB)).isZero();
    }

    @Test
    void hiddenStatesGoFirstAndSumsWhole() {
        assertThat(NEED.spilledBytes(10 * GIB)).isEqualTo(GIB);
        assertThat(NEED.spilledBytes(11 * GIB - MIB)).as("a chunk").isEqualTo(128 * MIB);
        assertThat(NEED.spilledBytes(8 * GIB)).isEqualTo(3 * GIB);
        // There is room for one sum, and for a part of the hidden states where the other one does not fit.
        assertThat(NEED.spilledBytes(7 * GIB)).isEqualTo(2 * GIB + 2 * GIB);
        assertThat(NEED.spilledBytes(4 * GIB)).isEqualTo(7 * GIB);
    }

    @Test
    void whatOthersHaveLoadedTakesRoom() {
        assertThat(NEED.beside(GIB).spilledBytes(11 * GIB)).isEqualTo(GIB);
    }

    @Test
    void smallThingsAndThoseOfDevicesDoNotGo() {
        StageNeed small = new StageNeed(GIB, 0, 8 * MIB, MIB, List.of(MIB, GIB), true);
        assertThat(small.leastBytes()).isEqualTo(GIB + 9 * MIB);
        assertThat(small.spilledBytes(GIB)).isEqualTo(GIB);
        StageNeed device = new StageNeed(GIB, 0, 3 * GIB, 128 * MIB, List.of(GIB), false);
        assertThat(device.leastBytes()).isEqualTo(5 * GIB);
        assertThat(device.spilledBytes(GIB)).isZero();
    }
}
