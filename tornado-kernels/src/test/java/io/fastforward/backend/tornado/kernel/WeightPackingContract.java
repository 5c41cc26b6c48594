package io.fastforward.backend.tornado.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.backend.tornado.device.DeviceMemory;
import io.fastforward.backend.tornado.device.PackedMatrix;
import io.fastforward.backend.tornado.device.Region;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Weights that are packed when they are loaded: where they lie, and what they are rounded to. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
public abstract class WeightPackingContract {

    private KernelExecutor executor;
    private DeviceMemory memory;

    /** A device that packs weights. */
    protected abstract KernelExecutor open();

    @BeforeAll
    final void prepare() {
        executor = open();
        memory = new DeviceMemory(executor);
    }

    @AfterAll
    final void close() {
        executor.close();
    }

    @ParameterizedTest
    @EnumSource
    void everyNumberIsRoundedToTheNearest(DataType type) {
        try (Arena arena = Arena.ofConfined()) {
            Matrix source = Matrix.allocate(arena, type, 256, 256);
            Random random = new Random(3);
            for (int i = 0; i < 1 << 16; i++) {
                int bits = switch (type) {
                    case F16, BF16 -> i;
                    // Every upper half with a lower half that is exact, halfway, nearly, or anything.
                    case F32 ->
                        i << 16
                                | switch (i % 5) {
                                    case 0 -> 0;
                                    case 1 -> 0x8000;
                                    case 2 -> 0x7FFF;
                                    case 3 -> 0x8001;
                                    default -> random.nextInt(1 << 16);
                                };
                };
                if (type == DataType.F32) {
                    source.data().set(ValueLayout.JAVA_INT_UNALIGNED, 4L * i, bits);
                } else {
                    source.data().set(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * i, (short) bits);
                }
            }
            check(source, load(source));
        }
    }

    /** Around the sizes of a tile (8 outputs, 16 inputs) and of a block, and larger than what travels at once. */
    @ParameterizedTest
    @CsvSource({
        "BF16, 1, 1",
        "F32, 7, 17",
        "F16, 9, 15",
        "BF16, 129, 33",
        "F32, 130, 70",
        "BF16, 301, 255",
        "F16, 257, 311"
    })
    void everyNumberHasItsPlace(DataType type, int outputs, int inputs) {
        try (Arena arena = Arena.ofConfined()) {
            Matrix source = random(arena, type, outputs, inputs);
            check(source, load(source));
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 40", "7, 40", "11, 40", "11, 1", "11, 17", "8, 39"})
    void replacingLeadsAndLeavesTheRest(int outputs, int inputs) {
        try (Arena arena = Arena.ofConfined()) {
            Matrix source = random(arena, DataType.BF16, 11, 40);
            PackedMatrix packed = load(source);
            Matrix replacement = random(arena, DataType.F32, outputs, inputs);
            memory.weights().replace(packed, replacement);
            Matrix expected = Matrix.allocate(arena, DataType.F32, 11, 40);
            for (int output = 0; output < 11; output++) {
                for (int input = 0; input < 40; input++) {
                    boolean replaced = output < outputs && input < inputs;
                    expected.set(output, input, (replaced ? replacement : source).get(output, input));
                }
            }
            check(expected, packed);
        }
    }

    @Test
    void neighboursStayApart() {
        try (Arena arena = Arena.ofConfined()) {
            Matrix one = random(arena, DataType.F32, 5, 3);
            Matrix other = random(arena, DataType.F32, 131, 40);
            PackedMatrix first = load(one);
            PackedMatrix second = load(other);
            memory.weights().replace(first, one);
            assertSame(one, first);
            check(other, second);
            first.close();
        }
    }

    private PackedMatrix load(Matrix source) {
        return (PackedMatrix) memory.weights().load(source);
    }

    private void check(Matrix expected, PackedMatrix packed) {
        try (packed) {
            assertSame(expected, packed);
        }
    }

    private void assertSame(Matrix expected, PackedMatrix packed) {
        int outputTiles = Math.ceilDiv(packed.rows(), 128) * 16;
        int inputTiles = Math.ceilDiv(packed.columns(), 16);
        int count = inputTiles * outputTiles * 128;
        float[] numbers = read(packed, count);
        for (int output = 0; output < expected.rows(); output++) {
            for (int input = 0; input < expected.columns(); input++) {
                int tile = input / 16 * outputTiles + output / 8;
                float actual = numbers[tile * 128 + input % 16 * 8 + output % 8];
                float wanted = Float.intBitsToFloat(DataType.toBfloat16(expected.get(output, input)) << 16);
                assertThat(Float.floatToIntBits(actual))
                        .as("output %d, input %d: %s and %s", output, input, actual, wanted)
                        .isEqualTo(Float.floatToIntBits(wanted));
            }
        }
    }

    /** Sixteen bits after sixteen bits, widened by a kernel that has tests of its own. */
    private float[] read(PackedMatrix packed, int count) {
        float[] numbers = new float[count];
        int most = 1 << 14;
        try (Region widened = memory.take(1, most)) {
            for (int first = 0; first < count; first += most) {
                int some = Math.min(most, count - first);
                int begin = first;
                ExpandKernel.launch(
                        executor,
                        packed.array(),
                        new ExpandKernel.Sizes(
                                DataType.BF16,
                                1,
                                some,
                                2 * packed.region().start() + first,
                                0,
                                1,
                                widened.start(),
                                some));
                memory.read(widened.start(), some, 1, some, (row, segment, offset) -> {
                    for (int i = 0; i < some; i++) {
                        numbers[begin + i] = segment.get(ValueLayout.JAVA_FLOAT, offset + (long) i * Float.BYTES);
                    }
                });
            }
        }
        return numbers;
    }

    private static Matrix random(Arena arena, DataType type, int rows, int columns) {
        Matrix matrix = Matrix.allocate(arena, type, rows, columns);
        Random random = new Random(rows * 1000L + columns);
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                matrix.set(row, column, (float) (random.nextGaussian() * Math.pow(2, -random.nextInt(20))));
            }
        }
        return matrix;
    }
}
