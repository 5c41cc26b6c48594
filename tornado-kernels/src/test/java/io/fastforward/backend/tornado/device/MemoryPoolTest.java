package io.fastforward.backend.tornado.device;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class MemoryPoolTest {

    @Test
    void rangesNeverOverlapAndAllComeBack() {
        var pool = new MemoryPool(10_000);
        var random = new SplittableRandom(1);
        Map<Integer, Integer> taken = new HashMap<>();
        for (int i = 0; i < 5000; i++) {
            if (taken.size() > 20 || (random.nextBoolean() && !taken.isEmpty())) {
                List<Integer> starts = new ArrayList<>(taken.keySet());
                int start = starts.get(random.nextInt(starts.size()));
                pool.giveBack(start, Objects.requireNonNull(taken.remove(start)));
            } else {
                int size = random.nextInt(1, 900);
                int start = pool.take(size);
                if (start >= 0) {
                    assertThat(start + size).isLessThanOrEqualTo(10_000);
                    taken.forEach((other, length) -> assertThat(start >= other + length || other >= start + size)
                            .isTrue());
                    taken.put(start, size);
                }
            }
        }
        taken.forEach((start, size) -> pool.giveBack(start, size));
        assertThat(pool.free()).isEqualTo(10_000);
        assertThat(pool.take(10_000 / 32 * 32)).isZero();
    }

    @Test
    void whatDoesNotFitIsRefused() {
        var pool = new MemoryPool(100);
        assertThat(pool.take(101)).isNegative();
        assertThat(pool.take(Long.MAX_VALUE / 2)).isNegative();
    }
}
