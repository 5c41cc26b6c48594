package io.fastforward.backend.cpu.algebra;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WorkerPoolTest {

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 8})
    void everyItemRunsOnce(int threads) {
        try (var pool = new WorkerPool(threads)) {
            for (int items : new int[] {0, 1, 2, 7, 1000}) {
                var runs = new AtomicIntegerArray(items);
                pool.run(items, (item, worker) -> {
                    assertThat(worker).isBetween(0, threads - 1);
                    runs.incrementAndGet(item);
                });
                for (int item = 0; item < items; item++) {
                    assertThat(runs.get(item)).isEqualTo(1);
                }
            }
        }
    }

    @Test
    void allThreadsTakePart() {
        try (var pool = new WorkerPool(3)) {
            var together = new CountDownLatch(3);
            pool.run(3, (item, worker) -> {
                together.countDown();
                try {
                    together.await(); // none returns before three have come
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            });
            assertThat(together.getCount()).isZero();
        }
    }

    @Test
    void aFailureReachesTheCallerAndThePoolGoesOn() {
        try (var pool = new WorkerPool(2)) {
            assertThatIllegalStateException()
                    .isThrownBy(() -> pool.run(100, (item, worker) -> {
                        if (item == 40) {
                            throw new IllegalStateException("item 40");
                        }
                    }))
                    .withMessage("item 40");
            var runs = new AtomicIntegerArray(1);
            pool.run(10, (item, worker) -> runs.incrementAndGet(0));
            assertThat(runs.get(0)).isEqualTo(10);
        }
    }

    @Test
    void aClosedPoolRefusesWork() {
        var pool = new WorkerPool(2);
        pool.close();
        assertThatIllegalStateException().isThrownBy(() -> pool.run(2, (item, worker) -> {}));
    }
}
