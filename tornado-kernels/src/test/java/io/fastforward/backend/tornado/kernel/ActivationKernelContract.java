package io.fastforward.backend.tornado.kernel;

import io.fastforward.backend.tornado.kernel.Block.Order;
import io.fastforward.spi.model.Activation;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Activations with and without a gate. */
abstract class ActivationKernelContract extends KernelContract {

    ActivationKernelContract(KernelFixture fixture) {
        super(fixture);
    }

    record Case(Activation activation, int rows, int columns, boolean gated) {}

    static Stream<Case> activations() {
        return Arrays.stream(Activation.values())
                .flatMap(activation -> Stream.of(
                        new Case(activation, 1, 1, false),
                        new Case(activation, 1, 1, true),
                        new Case(activation, 5, 63, true),
                        new Case(activation, 3, 64, false),
                        new Case(activation, 7, 131, true),
                        new Case(activation, 2, 65, false)));
    }

    @ParameterizedTest
    @MethodSource("activations")
    void activatesInPlace(Case test) {
        MemoryImage image = image();
        float[][] values = image.random(test.rows, test.columns);
        for (float[] row : values) {
            for (int i = 0; i < test.columns; i++) {
                row[i] *= 20;
            }
        }
        check(image, test, values);
    }

    @ParameterizedTest
    @EnumSource
    void survivesExtremes(Activation activation) {
        float[][] values = {
            {0f, -0f, 1e-30f, -1e-30f, 17, -17, 87, -87, 88.5f, -88.5f, 89, -89, 104, -104, 1e5f, -1e5f},
            {1e30f, -1e30f, Float.MAX_VALUE, -Float.MAX_VALUE, Float.POSITIVE_INFINITY, Float.NaN, 0, 0, 0, 0, 0, 0, 0}
        };
        values[1] = Arrays.copyOf(values[1], values[0].length);
        check(image(), new Case(activation, 2, values[0].length, false), values);
        check(image(), new Case(activation, 2, values[0].length, true), values);
    }

    private static void check(MemoryImage image, Case test, float[][] values) {
        Block x = image.inPlace("x", values, Order.ROWS);
        Block up = image.input("up", image.random(test.rows, test.columns), Order.DENSE);
        image.expect(x, (row, column) -> {
            Approximation activated = activate(test.activation, values[row][column]);
            return test.gated ? activated.times(up.get(row, column)) : activated;
        });
        image.check(executor -> ActivationKernel.launch(
                executor,
                new ActivationKernel.Sizes(
                        test.activation,
                        test.rows,
                        test.columns,
                        x.start(),
                        x.rowStride(),
                        test.gated ? up.start() : -1,
                        up.rowStride())));
    }

    private static Approximation activate(Activation activation, float x) {
        return switch (activation) {
            case RELU -> Approximation.exactly(x < 0 ? 0 : x);
            case SILU -> silu(x);
        };
    }

    private static Approximation silu(float x) {
        // Below -88.72, where it is less than 3e-37, the exponential of -x may be infinite, and the result zero.
        if (x < -88) {
            return new Approximation(x * Math.exp(x), 3e-37);
        }
        Approximation exact = Approximation.exactly(x);
        Approximation one = Approximation.exactly(1);
        return exact.dividedBy(one.plus(Approximation.exactly(-x).exponential()));
    }
}
