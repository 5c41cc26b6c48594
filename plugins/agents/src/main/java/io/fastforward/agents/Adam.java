package io.fastforward.agents;

import java.nio.ByteBuffer;

/**
 * The optimiser Adam with bias correction (Kingma and Ba 2015, Algorithm 1): β₁ = 0.9, β₂ = 0.999, ε = 10⁻⁸.
 */
final class Adam {

    private static final double BETA_1 = 0.9;
    private static final double BETA_2 = 0.999;
    private static final double EPSILON = 1e-8;

    private final double[] means;
    private final double[] squares;
    private int steps;

    Adam(int parameters) {
        means = new double[parameters];
        squares = new double[parameters];
    }

    /** Moves the parameters one step against the gradient. */
    void step(double[] parameters, double[] gradient, double learningRate) {
        steps++;
        double meanCorrection = 1 - Math.pow(BETA_1, steps);
        double squareCorrection = 1 - Math.pow(BETA_2, steps);
        for (int i = 0; i < parameters.length; i++) {
            means[i] = BETA_1 * means[i] + (1 - BETA_1) * gradient[i];
            squares[i] = BETA_2 * squares[i] + (1 - BETA_2) * gradient[i] * gradient[i];
            parameters[i] -=
                    learningRate * (means[i] / meanCorrection) / (Math.sqrt(squares[i] / squareCorrection) + EPSILON);
        }
    }

    /** Bytes that {@link #write} needs. */
    int stateBytes() {
        return Integer.BYTES + 2 * means.length * Double.BYTES;
    }

    /** Appends the state. */
    void write(ByteBuffer target) {
        target.putInt(steps);
        target.asDoubleBuffer().put(means).put(squares);
        target.position(target.position() + 2 * means.length * Double.BYTES);
    }

    /** Takes over a state that {@link #write} appended. */
    void read(ByteBuffer source) {
        steps = source.getInt();
        source.asDoubleBuffer().get(means).get(squares);
        source.position(source.position() + 2 * means.length * Double.BYTES);
    }
}
