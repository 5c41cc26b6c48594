package io.fastforward.backend.tornado.kernel;

import io.fastforward.backend.tornado.device.DeviceMemory;
import io.fastforward.backend.tornado.device.StoredMatrix;
import io.fastforward.backend.tornado.kernel.Block.Order;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Widening stored numbers, all of them exactly. */
abstract class ExpandKernelContract extends KernelContract {

    ExpandKernelContract(KernelFixture fixture) {
        super(fixture);
    }

    /** From where numbers are taken: element start + row · rowStride + column · columnStride. */
    record Case(DataType type, int rows, int columns, int start, int rowStride, int columnStride) {}

    static Stream<Case> stored() {
        return Arrays.stream(DataType.values())
                .flatMap(type -> Stream.of(
                        new Case(type, 1, 1, 0, 1, 1),
                        new Case(type, 1, 1, 1, 1, 1),
                        new Case(type, 3, 65, 1, 65, 1),
                        new Case(type, 65, 3, 7, 1, 65),
                        new Case(type, 5, 64, 2, 71, 1),
                        new Case(type, 4, 131, 3, 1, 9),
                        new Case(type, 7, 9, 5, 31, 3)));
    }

    @ParameterizedTest
    @MethodSource("stored")
    void widensFromAnyStart(Case test) {
        var random = new SplittableRandom(2);
        int elements = test.start + (test.rows - 1) * test.rowStride + (test.columns - 1) * test.columnStride + 1;
        byte[] bits = new byte[elements * test.type.bytes()];
        random.nextBytes(bits);
        checkStaged(test, Stage.holding(elements), MemorySegment.ofArray(bits));
    }

    /** Subnormal numbers, zeros with both signs, infinities and NaN among them. */
    @ParameterizedTest
    @EnumSource(names = {"F16", "BF16"})
    void widensEveryHalf(DataType type) {
        short[] halves = new short[1 << 16];
        for (int i = 0; i < halves.length; i++) {
            halves[i] = (short) i;
        }
        checkStaged(new Case(type, 256, 256, 0, 256, 1), Stage.LARGE, MemorySegment.ofArray(halves));
    }

    @ParameterizedTest
    @EnumSource
    void widensSpecialNumbers(DataType type) {
        List<Float> numbers = List.of(
                0f,
                -0f,
                Float.MIN_VALUE,
                -Float.MIN_NORMAL,
                0x1p-24f, // the smallest half
                -0x1p-15f, // subnormal as a half
                Float.MAX_VALUE,
                Float.POSITIVE_INFINITY,
                Float.NEGATIVE_INFINITY,
                Float.NaN);
        byte[] bits = new byte[numbers.size() * type.bytes()];
        for (int i = 0; i < numbers.size(); i++) {
            type.set(MemorySegment.ofArray(bits), (long) i * type.bytes(), numbers.get(i));
        }
        checkStaged(new Case(type, 2, 5, 0, 5, 1), Stage.SMALL, MemorySegment.ofArray(bits));
    }

    private void checkStaged(Case test, Stage stage, MemorySegment bits) {
        MemoryImage image = image();
        Block target = image.output("target", test.rows, test.columns, Order.ROWS);
        image.expect(target, (row, column) -> {
            long element = test.start + (long) row * test.rowStride + (long) column * test.columnStride;
            return Approximation.exactly(test.type.get(bits, element * test.type.bytes()));
        });
        image.check(executor -> {
            executor.outgoing(stage).fill((byte) 0xFF); // NaN of every type
            MemorySegment.copy(bits, 0, executor.outgoing(stage), 0, bits.byteSize());
            ExpandKernel.launch(executor, stage.source(), sizes(test, target));
        });
    }

    /** Transposed, as products need them, each from its own place in an array of weights. */
    @ParameterizedTest
    @EnumSource
    void widensStoredWeightsSideBySide(DataType type) {
        DeviceMemory memory = fixture().memory();
        try (Arena arena = Arena.ofConfined();
                StoredMatrix first = memory.weights().store(random(arena, type, 1, 1));
                StoredMatrix second = memory.weights().store(random(arena, type, 5, 33));
                // More than the smaller stage holds, and an odd number of numbers.
                StoredMatrix third = memory.weights().store(random(arena, type, 131, 255));
                StoredMatrix fourth = memory.weights().store(random(arena, type, 3, 7))) {
            for (StoredMatrix stored : List.of(fourth, third, second, first)) {
                checkStored(stored, random(arena, type, stored.rows(), stored.columns()));
            }
        }
    }

    private void checkStored(StoredMatrix stored, Matrix expected) {
        int inputs = stored.columns();
        int outputs = stored.rows();
        MemoryImage image = image();
        Block target = image.output("target", inputs, outputs, Order.ROWS);
        image.expect(target, (input, output) -> Approximation.exactly(expected.get(output, input)));
        var test = new Case(stored.type(), inputs, outputs, stored.element(0, 0), 1, inputs);
        image.check(executor -> ExpandKernel.launch(executor, stored.array(), sizes(test, target)));
    }

    private static Matrix random(Arena arena, DataType type, int rows, int columns) {
        Matrix matrix = Matrix.allocate(arena, type, rows, columns);
        byte[] bits = new byte[rows * columns * type.bytes()];
        new SplittableRandom(rows).nextBytes(bits);
        MemorySegment.copy(bits, 0, matrix.data(), ValueLayout.JAVA_BYTE, 0, bits.length);
        return matrix;
    }

    private static ExpandKernel.Sizes sizes(Case test, Block target) {
        return new ExpandKernel.Sizes(
                test.type,
                test.rows,
                test.columns,
                test.start,
                test.rowStride,
                test.columnStride,
                target.start(),
                target.rowStride());
    }
}
