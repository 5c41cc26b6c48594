package io.fastforward.calibrators;

import io.fastforward.spi.model.Activation;

/** Activations and their slopes, in double precision. */
final class Nonlinearity {

    private Nonlinearity() {}

    static double value(Activation activation, double x) {
        return switch (activation) {
            case SILU -> x * sigmoid(x);
            case RELU -> Math.max(0, x);
        };
    }

    /** The derivative; of ReLU at zero, 0. */
    static double slope(Activation activation, double x) {
        return switch (activation) {
            case SILU -> {
                double sigmoid = sigmoid(x);
                yield sigmoid * (1 + x * (1 - sigmoid));
            }
            case RELU -> x > 0 ? 1 : 0;
        };
    }

    private static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }
}
