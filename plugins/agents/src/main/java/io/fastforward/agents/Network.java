package io.fastforward.agents;

import java.util.SplittableRandom;

/**
 * A multi-layer perceptron with ReLU between its layers and none at the end, in double precision. Its parameters are a
 * range of an array that it shares with its owner: for each layer the weights, {@code out × in} row by row, then the
 * biases. One input at a time.
 */
final class Network {

    private final int[] widths;
    private final int offset;

    /** The input, then the output of every layer, after ReLU if it has one; of the latest {@link #forward}. */
    private final double[][] activations;

    /**
     * A network over a range of parameters.
     *
     * @param offset where the range starts
     * @param widths width of the input and of every layer's output, at least two numbers
     */
    Network(int offset, int... widths) {
        this.offset = offset;
        this.widths = widths.clone();
        this.activations = new double[widths.length][];
        for (int layer = 0; layer < widths.length; layer++) {
            activations[layer] = new double[widths[layer]];
        }
    }

    /** How many parameters it has. */
    int parameterCount() {
        int count = 0;
        for (int layer = 0; layer < widths.length - 1; layer++) {
            count += widths[layer + 1] * (widths[layer] + 1);
        }
        return count;
    }

    /**
     * Fills the parameters with uniform numbers from ±1/√in, weights and biases alike, so that a scalar input spreads
     * over the first layer's units. The last layer's are multiplied by a factor.
     */
    void initialize(double[] parameters, SplittableRandom random, double lastLayerFactor) {
        int position = offset;
        for (int layer = 0; layer < widths.length - 1; layer++) {
            double bound = 1 / Math.sqrt(widths[layer]) * (layer == widths.length - 2 ? lastLayerFactor : 1);
            int end = position + widths[layer + 1] * (widths[layer] + 1);
            for (; position < end; position++) {
                parameters[position] = bound * (2 * random.nextDouble() - 1);
            }
        }
    }

    /** The output for an input; valid until the next call. */
    double[] forward(double[] parameters, double... input) {
        System.arraycopy(input, 0, activations[0], 0, widths[0]);
        int weights = offset;
        for (int layer = 0; layer < widths.length - 1; layer++) {
            int in = widths[layer];
            int out = widths[layer + 1];
            int biases = weights + out * in;
            boolean last = layer == widths.length - 2;
            double[] inputs = activations[layer];
            for (int o = 0; o < out; o++) {
                double sum = parameters[biases + o];
                for (int i = 0; i < in; i++) {
                    sum += parameters[weights + o * in + i] * inputs[i];
                }
                activations[layer + 1][o] = last ? sum : Math.max(0, sum);
            }
            weights = biases + out;
        }
        return activations[widths.length - 1];
    }

    /**
     * Adds the gradient of a loss to the gradient of the parameters.
     *
     * @param outputGradient gradient of the loss with respect to the output of the latest {@link #forward}
     */
    void backward(double[] parameters, double[] outputGradient, double[] parameterGradient) {
        double[] gradient = outputGradient;
        int end = offset + parameterCount();
        for (int layer = widths.length - 2; layer >= 0; layer--) {
            int in = widths[layer];
            int out = widths[layer + 1];
            int biases = end - out;
            int weights = biases - out * in;
            double[] inputs = activations[layer];
            double[] inputGradient = new double[in];
            for (int o = 0; o < out; o++) {
                double outGradient = gradient[o];
                parameterGradient[biases + o] += outGradient;
                for (int i = 0; i < in; i++) {
                    parameterGradient[weights + o * in + i] += outGradient * inputs[i];
                    inputGradient[i] += outGradient * parameters[weights + o * in + i];
                }
            }
            for (int i = 0; i < in; i++) {
                if (inputs[i] <= 0) {
                    inputGradient[i] = 0;
                }
            }
            gradient = inputGradient;
            end = weights;
        }
    }
}
