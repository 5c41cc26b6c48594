package io.fastforward.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fastforward.backend.cpu.algebra.FloatView;
import io.fastforward.backend.cpu.algebra.PlainProducts;
import io.fastforward.backend.cpu.kernel.RowKernels;
import io.fastforward.backend.cpu.onednn.OneDnn;
import io.fastforward.spi.backend.PrecisionSupport;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every way to keep and multiply linear maps, against sums in double precision. */
class MapProductsTest {

    private static final double UNIT = 0x1p-24;
    private static final float UNTOUCHED = 12_345;

    private final Arena arena = Arena.ofShared();

    @AfterEach
    void close() {
        arena.close();
    }

    /** The ways. */
    enum Way {
        SINGLE,
        ROUNDED,
        PACKED;

        CpuResources open(int threads) {
            var products = new PlainProducts();
            MapProducts maps = switch (this) {
                case SINGLE -> new SingleMaps(products);
                case ROUNDED -> new RoundedMaps(products);
                case PACKED -> {
                    PrecisionSupport support = Bfloat16Trial.support();
                    assumeTrue(support.available(), support.message());
                    yield PackedMaps.of(OneDnn.open(), threads);
                }
            };
            return CpuResources.create(products, maps, RowKernels.best(), threads);
        }
    }

    /** Numbers that bfloat16 can represent, so that all ways have to come to the same within single precision. */
    @ParameterizedTest
    @EnumSource
    void anyLeadingPartIsMultiplied(Way way) {
        try (CpuResources cpu = way.open(2)) {
            for (int outputs : new int[] {1, 63, 64, 65, 200}) {
                for (int inputs : new int[] {1, 3, 64, 129, 700}) {
                    for (boolean inputsVary : new boolean[] {false, true}) {
                        Matrix stored = numbers(outputs, inputs, DataType.BF16, outputs * 31L + inputs);
                        MapWeights weights = cpu.maps().allocate(arena, outputs, inputs, inputsVary);
                        weights.write(cpu, stored, 0);
                        for (int rows : new int[] {1, 2, 7, 33}) {
                            for (int used : inputsVary ? new int[] {1, (inputs + 1) / 2, inputs} : new int[] {inputs}) {
                                assertMultiplies(cpu, weights, stored, rows, used);
                            }
                        }
                    }
                }
            }
        }
    }

    /** Parts of every type, at places that have nothing to do with blocks, replace what they should and no more. */
    @ParameterizedTest
    @EnumSource
    void anyPartIsReplaced(Way way) {
        try (CpuResources cpu = way.open(2)) {
            for (DataType type : DataType.values()) {
                Matrix stored = numbers(150, 300, DataType.BF16, 1);
                MapWeights weights = cpu.maps().allocate(arena, 150, 300, true);
                weights.write(cpu, stored, 0);
                Matrix part = numbers(77, 201, type, 2);
                weights.write(cpu, part, 51);
                for (int row = 0; row < part.rows(); row++) {
                    for (int column = 0; column < part.columns(); column++) {
                        stored.set(51 + row, column, part.get(row, column));
                    }
                }
                assertMultiplies(cpu, weights, stored, 5, 300);
                assertMultiplies(cpu, weights, stored, 5, 130);
            }
        }
    }

    private void assertMultiplies(CpuResources cpu, MapWeights weights, Matrix stored, int rows, int used) {
        int outputs = stored.rows();
        FloatView x = FloatView.allocate(arena, rows, used + 3);
        cpu.widen(numbers(rows, used, DataType.BF16, 3), x);
        for (int first = 0; first < outputs; first += weights.block() * 2) {
            for (float beta : new float[] {0, 1}) {
                int count = Math.min(outputs - first, Math.max(weights.block() + 1, outputs / 2));
                FloatView y = FloatView.allocate(arena, rows + 1, count + 2);
                for (long i = 0; i < (rows + 1L) * y.stride(); i++) {
                    y.data().setAtIndex(JAVA_FLOAT, i, UNTOUCHED);
                }
                MapInput input = weights.input(cpu, x, rows, used);
                weights.multiply(cpu, input, rows, used, first, count, beta, y.at(0, 1), 0);
                for (int row = 0; row <= rows; row++) {
                    for (int column = 0; column < y.stride(); column++) {
                        boolean result = row < rows && column >= 1 && column <= count;
                        double sum = result ? beta * UNTOUCHED : UNTOUCHED;
                        double magnitude = result ? beta * UNTOUCHED : 0;
                        for (int k = 0; result && k < used; k++) {
                            double product = (double) stored.get(first + column - 1, k)
                                    * x.data().getAtIndex(JAVA_FLOAT, x.index(row) + k);
                            sum += product;
                            magnitude += Math.abs(product);
                        }
                        double actual = y.data().getAtIndex(JAVA_FLOAT, y.index(row) + column);
                        if (!(Math.abs(actual - sum) <= 2 * (used + 4) * UNIT * magnitude)) {
                            throw new AssertionError(String.format(
                                    "%d × %d by %d outputs from %d of %d, β %.0f: row %d, column %d is %s, not %s",
                                    rows, used, count, first, outputs, beta, row, column, actual, sum));
                        }
                    }
                }
            }
        }
    }

    /**
     * Two threads, the same weights and the same numbers, 1,000 products: one that keeps something for itself between
     * calls, as oneDNN's do unless they are given a scratchpad, would sooner or later differ in a bit.
     */
    @ParameterizedTest
    @EnumSource(names = "PACKED")
    void threadsDoNotDisturbEachOther(Way way) {
        int rows = 128;
        int inputs = 1000;
        int outputs = 500;
        try (CpuResources cpu = way.open(2)) {
            MapWeights weights = cpu.maps().allocate(arena, outputs, inputs, true);
            weights.write(cpu, numbers(outputs, inputs, DataType.F32, 4), 0);
            FloatView x = FloatView.allocate(arena, rows, inputs);
            cpu.widen(numbers(rows, inputs, DataType.F32, 5), x);
            MapInput input = weights.input(cpu, x, rows, inputs);
            FloatView expected = FloatView.allocate(arena, rows, outputs);
            weights.multiply(cpu, input, rows, inputs, 0, outputs, 0, expected, 0);
            FloatView[] results = {FloatView.allocate(arena, rows, outputs), FloatView.allocate(arena, rows, outputs)};
            AtomicInteger differing = new AtomicInteger();
            AtomicInteger helped = new AtomicInteger();
            cpu.pool().run(1000, (item, worker) -> {
                weights.multiply(cpu, input, rows, inputs, 0, outputs, 0, results[worker], worker);
                helped.addAndGet(worker);
                if (results[worker].data().mismatch(expected.data()) != -1) {
                    differing.incrementAndGet();
                }
            });
            assertThat(helped.get()).as("products of the second thread").isPositive();
            assertThat(differing.get()).as("products that differ in a bit").isZero();
        }
    }

    private Matrix numbers(int rows, int columns, DataType type, long seed) {
        Matrix matrix = Matrix.allocate(arena, type, rows, columns);
        var random = new SplittableRandom(seed);
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                float number = (float) random.nextGaussian();
                boolean representable = type != DataType.F32 || seed < 4;
                matrix.set(
                        row, column, representable ? Float.intBitsToFloat(DataType.toBfloat16(number) << 16) : number);
            }
        }
        return matrix;
    }
}
