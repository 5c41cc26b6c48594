package io.fastforward.backend.cpu.algebra;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.DoubleSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Both implementations against sums in double precision. */
class MatrixProductsTest {

    private static final int[][] SIZES = {
        {1, 1, 1}, {1, 5, 3}, {1, 70, 33}, {2, 1, 9}, {3, 7, 2}, {4, 8, 4}, {17, 31, 1}, {33, 18, 65}, {64, 130, 257}
    };

    private final Arena arena = Arena.ofConfined();
    private final SplittableRandom random = new SplittableRandom(1);

    /**
     * Products of some size.
     *
     * @param unit the unit roundoff of the sums
     */
    record Case(MatrixProducts products, double unit, int m, int n, int k) {}

    /** How it is computed, and how it lies in memory. */
    private interface Product {
        void compute(FloatView a, FloatView b, float beta, FloatView c);
    }

    static Stream<Case> cases() {
        OpenBlas openBlas = OpenBlas.load();
        return Arrays.stream(SIZES)
                .flatMap(size -> Stream.of(
                        new Case(openBlas, 0x1p-24, size[0], size[1], size[2]),
                        new Case(new PlainProducts(), 0x1p-53, size[0], size[1], size[2])));
    }

    @AfterEach
    void close() {
        arena.close();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void byTransposed(Case test) {
        for (float beta : new float[] {0, 1}) {
            check(
                    test,
                    false,
                    true,
                    beta,
                    (a, b, factor, c) ->
                            test.products().multiplyByTransposed(test.m(), test.n(), test.k(), a, b, factor, c));
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void plain(Case test) {
        for (float beta : new float[] {0, 1}) {
            check(
                    test,
                    false,
                    false,
                    beta,
                    (a, b, factor, c) -> test.products().multiply(test.m(), test.n(), test.k(), a, b, factor, c));
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void transposed(Case test) {
        check(
                test,
                true,
                false,
                0,
                (a, b, factor, c) -> test.products().multiplyTransposed(test.m(), test.n(), test.k(), a, b, c));
    }

    /** Whether the left and the right matrix lie transposed in memory. */
    private void check(Case test, boolean left, boolean right, float beta, Product product) {
        for (int gap : new int[] {0, 3}) {
            FloatView a = matrix(left ? test.k() : test.m(), left ? test.m() : test.k(), gap, random::nextDouble);
            FloatView b = matrix(right ? test.n() : test.k(), right ? test.k() : test.n(), gap, this::centered);
            FloatView c = matrix(test.m(), test.n(), gap, beta == 0 ? () -> Double.NaN : this::centered);
            float[] before = c.data().toArray(JAVA_FLOAT);
            product.compute(a, b, beta, c);
            float[] after = c.data().toArray(JAVA_FLOAT);
            for (int i = 0; i < test.m(); i++) {
                for (int j = 0; j < test.n(); j++) {
                    int index = (int) c.index(i) + j;
                    double sum = beta == 0 ? 0 : before[index];
                    double magnitude = Math.abs(sum);
                    for (int l = 0; l < test.k(); l++) {
                        double term = (left ? at(a, l, i) : at(a, i, l)) * (right ? at(b, j, l) : at(b, l, j));
                        sum += term;
                        magnitude += Math.abs(term);
                    }
                    // Every term is rounded at most k + 1 times on its way into the sum; the last one is to single
                    // precision.
                    double bound = (test.k() + 1) * test.unit() * magnitude + 0x1p-24 * Math.abs(sum);
                    assertThat((double) after[index])
                            .as("%s, beta %s, gap %s, row %s, column %s", test, beta, gap, i, j)
                            .isCloseTo(sum, within(bound * (1 + 0x1p-20)));
                    after[index] = before[index];
                }
            }
            assertThat(after).as("outside of the result").containsExactly(before);
        }
    }

    private double centered() {
        return random.nextDouble() - 0.5;
    }

    /** With NaN around it, which shows in a result if it is read. */
    private FloatView matrix(int rows, int columns, int gap, DoubleSupplier values) {
        FloatView memory = FloatView.allocate(arena, rows + 1, gap + columns);
        for (long i = 0; i < memory.data().byteSize() / Float.BYTES; i++) {
            memory.data().setAtIndex(JAVA_FLOAT, i, Float.NaN);
        }
        FloatView matrix = memory.at(1, gap);
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                matrix.data().setAtIndex(JAVA_FLOAT, matrix.index(row) + column, (float) values.getAsDouble());
            }
        }
        return matrix;
    }

    private static double at(FloatView matrix, int row, int column) {
        return matrix.data().getAtIndex(JAVA_FLOAT, matrix.index(row) + column);
    }
}
