package io.fastforward.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ScheduleTest {

    @Test
    void followsTheFormulas() {
        Schedule schedule = Schedule.DEFAULT;
        assertThat(schedule.sparsity(0, 8, 0.3)).isCloseTo(0.05, within(1e-15));
        assertThat(schedule.windows(0, 8, 100)).isEqualTo(5);
        // u = 1/2: 0.05 + 0.25 · 7/8, and 0.05 + 0.95 / 8 = 0.16875.
        assertThat(schedule.sparsity(2, 8, 0.3)).isCloseTo(0.26875, within(1e-15));
        assertThat(schedule.windows(2, 8, 100)).isEqualTo(17);
        assertThat(schedule.sparsity(4, 8, 0.3)).isEqualTo(0.3);
        assertThat(schedule.windows(4, 8, 100)).isEqualTo(100);
    }

    @ParameterizedTest
    @EnumSource(Schedule.Kind.class)
    void risesToTheEndAndStaysThere(Schedule.Kind kind) {
        for (double ramp : new double[] {0, 0.3, 0.5, 0.99}) {
            for (int batches : new int[] {1, 2, 3, 17}) {
                Schedule schedule = new Schedule(kind, ramp, 0.05, 0.05);
                double sparsity = 0;
                int windows = 1;
                for (int batch = 0; batch < batches; batch++) {
                    assertThat(schedule.sparsity(batch, batches, 0.4)).isBetween(sparsity, 0.4);
                    assertThat(schedule.windows(batch, batches, 16)).isBetween(windows, 16);
                    sparsity = schedule.sparsity(batch, batches, 0.4);
                    windows = schedule.windows(batch, batches, 16);
                }
                assertThat(sparsity).isEqualTo(0.4);
                assertThat(windows).isEqualTo(16);
            }
        }
    }

    @Test
    void switchesEachCurriculumOffByItself() {
        Schedule sparsity = new Schedule(Schedule.Kind.SPARSITY, 0.5, 0.05, 0.05);
        assertThat(sparsity.sparsity(0, 8, 0.3)).isEqualTo(0.05);
        assertThat(sparsity.windows(0, 8, 16)).isEqualTo(16);
        Schedule fidelity = new Schedule(Schedule.Kind.FIDELITY, 0.5, 0.05, 0.05);
        assertThat(fidelity.sparsity(0, 8, 0.3)).isEqualTo(0.3);
        assertThat(fidelity.windows(0, 8, 16)).isEqualTo(1);
    }

    @Test
    void halfOfTheBatchesAreAtTheEnd() {
        for (int batches = 1; batches < 40; batches++) {
            int full = 0;
            for (int batch = 0; batch < batches; batch++) {
                full += Schedule.DEFAULT.sparsity(batch, batches, 0.3) == 0.3 ? 1 : 0;
            }
            assertThat(2 * full).isGreaterThanOrEqualTo(batches);
        }
    }

    @Test
    void startsAtTheFinalSparsityIfThatIsLessThanTheInitialOne() {
        assertThat(Schedule.DEFAULT.sparsity(0, 8, 0.02)).isEqualTo(0.02);
    }
}
