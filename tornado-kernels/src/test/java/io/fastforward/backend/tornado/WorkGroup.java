package io.fastforward.backend.tornado;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import uk.ac.manchester.tornado.api.KernelContext;

/** The work-items of groups with barriers and local memory, one virtual thread each, group after group. */
final class WorkGroup {

    private final CyclicBarrier barrier;
    private final List<float[]> shared = new ArrayList<>();

    private WorkGroup(int size) {
        barrier = new CyclicBarrier(size);
    }

    /** Runs a kernel over groups side by side. */
    static void run(int groups, int size, Consumer<KernelContext> kernel) {
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var group = new WorkGroup(size);
            List<Future<?>> items = new ArrayList<>();
            for (int lane = 0; lane < size; lane++) {
                int local = lane;
                items.add(threads.submit(() -> {
                    for (int i = 0; i < groups; i++) {
                        var item = group.new Member();
                        item.place(i * size + local, 0, size);
                        kernel.accept(item);
                        group.await(); // local memory is of the group alone
                        if (local == 0) {
                            group.forget();
                        }
                        group.await();
                    }
                }));
            }
            for (Future<?> item : items) {
                item.get();
            }
        } catch (InterruptedException | ExecutionException e) {
            throw new AssertionError(e);
        }
    }

    private void await() {
        try {
            barrier.await();
        } catch (InterruptedException | BrokenBarrierException e) {
            throw new AssertionError(e);
        }
    }

    private synchronized void forget() {
        shared.clear();
    }

    private synchronized float[] array(int index, int size) {
        while (shared.size() <= index) {
            float[] garbage = new float[size];
            java.util.Arrays.fill(garbage, Float.NaN); // as on a device, nobody zeroes it
            shared.add(garbage);
        }
        return shared.get(index);
    }

    /** One of the group. */
    private final class Member extends WorkItem {

        private int arrays;

        @Override
        public void localBarrier() {
            await();
        }

        @Override
        public float[] allocateFloatLocalArray(int size) {
            return array(arrays++, size);
        }
    }
}
