package io.fastforward.backend.tornado.kernel;

import io.fastforward.backend.tornado.kernel.Block.Order;
import java.util.Arrays;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** RMS and layer normalisation. */
abstract class NormalizationKernelContract extends KernelContract {

    private static final float EPSILON = 1e-5f;

    NormalizationKernelContract(KernelFixture fixture) {
        super(fixture);
    }

    record Case(int rows, int width, boolean centred, boolean bias, boolean inPlace) {}

    static Stream<Case> normalizations() {
        return IntStream.of(1, 2, 63, 64, 65, 131, 300)
                .boxed()
                .flatMap(width -> Stream.of(
                        new Case(1, width, false, false, false),
                        new Case(3, width, false, true, true),
                        new Case(2, width, true, false, true),
                        new Case(3, width, true, true, false)));
    }

    @ParameterizedTest
    @MethodSource("normalizations")
    void scalesRows(Case test) {
        MemoryImage image = image();
        float[][] values = image.random(test.rows, test.width);
        for (float[] row : values) {
            for (int i = 0; i < test.width; i++) {
                row[i] += 0.5f; // a mean to subtract
            }
        }
        check(image, values, test);
    }

    @Test
    void rowsOfOneNumberAreScaledByTheEpsilonAlone() {
        float[][] values = new float[3][70];
        Arrays.fill(values[1], 3);
        Arrays.fill(values[2], -20);
        check(image(), values, new Case(3, 70, true, true, false));
        check(image(), new float[2][70], new Case(2, 70, false, false, false));
    }

    @Test
    void whatIsNotANumberStaysInItsRow() {
        for (boolean centred : new boolean[] {false, true}) {
            MemoryImage image = image();
            float[][] values = image.random(3, 70);
            values[1][69] = Float.NaN;
            check(image, values, new Case(3, 70, centred, false, true));
        }
    }

    private static void check(MemoryImage image, float[][] values, Case test) {
        float[][] weights = image.random(1, test.width + 1);
        weights[0][test.width] = EPSILON;
        Block weight = image.input("weight", weights, Order.DENSE);
        Block bias = test.bias ? image.input("bias", image.random(1, test.width), Order.DENSE) : null;
        Block x = test.inPlace ? image.inPlace("x", values, Order.ROWS) : image.input("x", values, Order.ROWS);
        Block y = test.inPlace ? x : image.output("y", test.rows, test.width, Order.DENSE);
        for (int row = 0; row < test.rows; row++) {
            Approximation[] expected = normalized(x, row, test.centred, weight, bias);
            for (int column = 0; column < test.width; column++) {
                image.expect(y, row, column, expected[column]);
            }
        }
        image.check(executor -> NormalizationKernel.launch(
                executor,
                new NormalizationKernel.Sizes(
                        test.rows,
                        test.width,
                        x.start(),
                        x.rowStride(),
                        y.start(),
                        y.rowStride(),
                        weight.start(),
                        bias == null ? -1 : bias.start(),
                        test.centred)));
    }

    private static Approximation[] normalized(Block x, int row, boolean centred, Block weight, @Nullable Block bias) {
        int width = x.columns();
        Approximation count = Approximation.exactly(width);
        Approximation mean = centred
                ? Approximation.sum(IntStream.range(0, width).mapToObj(i -> x.get(row, i)))
                        .dividedBy(count)
                : Approximation.exactly(0);
        Approximation[] result = new Approximation[width];
        Arrays.setAll(result, i -> centred ? x.get(row, i).minus(mean) : x.get(row, i));
        Approximation factor = Approximation.exactly(1)
                .dividedBy(Approximation.sum(Arrays.stream(result).map(value -> value.times(value)))
                        .dividedBy(count)
                        .plus(weight.get(0, width))
                        .squareRoot());
        for (int i = 0; i < width; i++) {
            Approximation scaled = result[i].times(factor).times(weight.get(0, i));
            result[i] = bias == null ? scaled : scaled.plus(bias.get(0, i));
        }
        return result;
    }
}
