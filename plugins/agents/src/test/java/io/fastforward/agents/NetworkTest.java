package io.fastforward.agents;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class NetworkTest {

    @Test
    void computesByHand() {
        Network network = new Network(1, 1, 2, 1);
        // Unused; weights 2 and -3, biases 1 and 1; weights 4 and 5, bias -6.
        double[] parameters = {99, 2, -3, 1, 1, 4, 5, -6};
        assertThat(network.parameterCount()).isEqualTo(7);
        assertThat(network.forward(parameters, 1.0)).containsExactly(4 * 3 - 6.0);
        assertThat(network.forward(parameters, -1.0)).containsExactly(5 * 4 - 6.0);
    }

    static int[][] shapes() {
        return new int[][] {{1, 1}, {1, 3}, {2, 5, 1}, {1, 7, 4, 3}, {3, 8, 8, 5, 2}};
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void gradientIsThatOfFiniteDifferences(int[] widths) {
        SplittableRandom random = new SplittableRandom(3);
        int offset = 2;
        Network network = new Network(offset, widths);
        double[] parameters = new double[offset + network.parameterCount()];
        network.initialize(parameters, random, 1);
        double[] input = random.doubles(widths[0]).toArray();
        double[] outputGradient = random.doubles(widths[widths.length - 1]).toArray();

        network.forward(parameters, input);
        double[] gradient = new double[parameters.length];
        network.backward(parameters, outputGradient, gradient);

        assertThat(gradient[0]).isZero();
        assertThat(gradient[1]).isZero();
        double step = 1e-6;
        for (int i = offset; i < parameters.length; i++) {
            double original = parameters[i];
            parameters[i] = original + step;
            double above = dot(outputGradient, network.forward(parameters, input));
            parameters[i] = original - step;
            double below = dot(outputGradient, network.forward(parameters, input));
            parameters[i] = original;
            // The function is piecewise linear in each parameter, so that rounding alone counts: 2⁻⁵³ / step.
            assertThat(gradient[i]).isCloseTo((above - below) / (2 * step), within(1e-8));
        }
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }
}
