package io.fastforward.backend.tornado.kernel;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.function.Supplier;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.enums.MMAShape;
import uk.ac.manchester.tornado.api.types.HalfFloat;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** The work-items of groups with barriers and local memory, one virtual thread each, group after group. */
final class WorkGroup {

    private final CyclicBarrier barrier;
    private final List<Object> shared = new ArrayList<>();

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

    /** The local array of a number, the same for all of the group; whoever asks first makes it. */
    private synchronized Object array(int index, Supplier<Object> garbage) {
        while (shared.size() <= index) {
            shared.add(garbage.get());
        }
        return shared.get(index);
    }

    /** As on a device, nobody zeroes it. */
    private static float[] garbage(int size) {
        float[] garbage = new float[size];
        Arrays.fill(garbage, Float.NaN);
        return garbage;
    }

    private static int[] wholeGarbage(int size) {
        int[] garbage = new int[size];
        Arrays.fill(garbage, -1); // two NaN in bfloat16
        return garbage;
    }

    /** What stands for numbers in registers: where in a tile they are. */
    private static final class Operand extends HalfFloat {

        private final int[] tile;
        private final int start;

        Operand(int[] tile, int byteOffset) {
            super((short) 0);
            if (byteOffset % 16 != 0) {
                throw new IllegalStateException("rows of a tile must begin at multiples of 16 bytes");
            }
            this.tile = tile;
            this.start = byteOffset / 2;
        }

        float value(int index) {
            int pair = tile[(start + index) >> 1];
            return Float.intBitsToFloat(((start + index) & 1) == 0 ? pair << 16 : pair & 0xFFFF0000);
        }
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
            return (float[]) array(arrays++, () -> garbage(size));
        }

        @Override
        public int[] allocateIntLocalArray(int size) {
            return (int[]) array(arrays++, () -> wholeGarbage(size));
        }

        // Tensor cores, as the PTX ISA describes mma.m16n8k16: every work-item of a warp holds four of the 16 × 8 sums.
        // On a device the operands are spread over the warp, too; here everyone knows where they are.

        @Override
        public float[] mmaFragment(float value) {
            return new float[] {value, value, value, value};
        }

        @Override
        public HalfFloat[] mmaLoadA(int[] tile, int depth, int byteOffset) {
            return new HalfFloat[] {new Operand(tile, byteOffset)};
        }

        @Override
        public HalfFloat[] mmaLoadB(int[] tile, int depth, int byteOffset) {
            return new HalfFloat[] {new Operand(tile, byteOffset)};
        }

        @Override
        public float[] mmaBF16(HalfFloat[] a, HalfFloat[] b, float[] c, MMAShape shape) {
            Operand left = (Operand) a[0];
            Operand right = (Operand) b[0];
            double[] sums = {c[0], c[1], c[2], c[3]};
            int upper = row(0) * 16;
            int lower = row(2) * 16;
            for (int k = 0; k < 16; k++) {
                double even = right.value(k * 8 + column(0));
                double odd = right.value(k * 8 + column(1));
                double above = left.value(upper + k);
                double below = left.value(lower + k);
                sums[0] += above * even;
                sums[1] += above * odd;
                sums[2] += below * even;
                sums[3] += below * odd;
            }
            return new float[] {(float) sums[0], (float) sums[1], (float) sums[2], (float) sums[3]};
        }

        @Override
        public void mmaStore(float[] sums, FloatArray target, int row, int column, int columns) {
            for (int i = 0; i < 4; i++) {
                target.set((row + row(i)) * columns + column + column(i), sums[i]);
            }
        }

        private int row(int sum) {
            return localIdx % 32 / 4 + sum / 2 * 8;
        }

        private int column(int sum) {
            return localIdx % 4 * 2 + sum % 2;
        }
    }
}
