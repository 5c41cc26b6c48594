package io.fastforward.backend.tornado.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.backend.tornado.kernel.Block.Order;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What is in a stretch of the device's memory before a kernel, and what should be in it afterwards. What the kernel may
 * read lies among NaN, so that nothing else may get into its results; what it may write lies among numbers. Whatever is
 * not expected to change has to stay, bit for bit.
 */
final class MemoryImage {

    /** Elements around every block: more than a work-group has, and odd, so that blocks begin anywhere. */
    private static final int GUARD = 67;

    private final KernelFixture fixture;
    private final SplittableRandom random = new SplittableRandom(1);
    private final float[] before = new float[KernelFixture.ELEMENTS];
    private final List<Block> blocks = new ArrayList<>();
    private final Map<Integer, Approximation> expected = new HashMap<>();
    private final Set<Integer> optional = new HashSet<>();
    private int used;

    MemoryImage(KernelFixture fixture) {
        this.fixture = fixture;
    }

    /** Numbers between -1 and 1. */
    float[][] random(int rows, int columns) {
        float[][] values = new float[rows][columns];
        for (float[] row : values) {
            for (int i = 0; i < columns; i++) {
                row[i] = (float) random.nextDouble(-1, 1);
            }
        }
        return values;
    }

    /** What is only read. */
    Block input(String name, float[][] values, Order order) {
        return place(name, values, order, false);
    }

    /** What is read and written. */
    Block inPlace(String name, float[][] values, Order order) {
        return place(name, values, order, true);
    }

    /** What is only written: NaN before. */
    Block output(String name, int rows, int columns, Order order) {
        float[][] values = new float[rows][columns];
        for (float[] row : values) {
            Arrays.fill(row, Float.NaN);
        }
        return place(name, values, order, true);
    }

    private Block place(String name, float[][] values, Order order, boolean written) {
        Block block = order.place(name, fixture.start() + used + GUARD, values);
        int end = block.end() - fixture.start() + GUARD;
        for (int i = used; i < end; i++) {
            before[i] = written ? (float) random.nextDouble(100, 200) : Float.NaN;
        }
        for (int row = 0; row < block.rows(); row++) {
            for (int column = 0; column < block.columns(); column++) {
                before[block.index(row, column) - fixture.start()] = values[row][column];
            }
        }
        used = end;
        blocks.add(block);
        return block;
    }

    /** What an element should become. */
    @FunctionalInterface
    interface Reference {
        /** Null if it should stay. */
        @Nullable
        Approximation at(int row, int column);
    }

    void expect(Block block, Reference reference) {
        for (int row = 0; row < block.rows(); row++) {
            for (int column = 0; column < block.columns(); column++) {
                Approximation approximation = reference.at(row, column);
                if (approximation != null) {
                    expect(block, row, column, approximation);
                }
            }
        }
    }

    void expect(Block block, int row, int column, Approximation approximation) {
        expected.put(block.index(row, column) - fixture.start(), approximation);
    }

    /** An element may stay, too, whatever is expected of it. */
    void permitToStay(Block block, int row, int column) {
        optional.add(block.index(row, column) - fixture.start());
    }

    /** Brings all blocks to the device, has kernels launched, and compares the memory with what is expected. */
    void check(Consumer<KernelExecutor> kernels) {
        fixture.write(Arrays.copyOf(before, used));
        kernels.accept(fixture.executor());
        float[] after = fixture.read(used);
        List<String> differences = new ArrayList<>();
        for (int i = 0; i < used; i++) {
            Approximation approximation = expected.get(i);
            boolean same = Float.floatToRawIntBits(after[i]) == Float.floatToRawIntBits(before[i]);
            if (approximation == null || (same && optional.contains(i))) {
                if (!same) {
                    differences.add(where(i) + " was " + before[i] + " and should stay, but is " + after[i]);
                }
            } else if (!approximation.matches(after[i])) {
                differences.add(where(i) + " should be " + approximation + ", but is " + after[i]);
            }
        }
        assertThat(differences).isEmpty();
    }

    private String where(int element) {
        int index = element + fixture.start();
        Block nearest = blocks.stream()
                .filter(block -> index < block.end() + GUARD)
                .findFirst()
                .orElseThrow();
        return nearest.describe(index);
    }
}
