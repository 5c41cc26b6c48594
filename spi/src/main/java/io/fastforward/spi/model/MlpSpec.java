package io.fastforward.spi.model;

/**
 * A feed-forward module with a residual connection. A unit is one intermediate channel. Gated: features =
 * activation(gate · x) ⊙ (up · x); plain: features = activation(up · x).
 *
 * @param normalization normalisation of the input, or of the result
 * @param hiddenSize width of the hidden state
 * @param channels number of intermediate channels
 * @param gated whether there is a gate map
 * @param activation the non-linearity
 * @param inputBias whether gate and up have biases
 * @param outputBias whether the output map (down, fc2) has one
 */
public record MlpSpec(
        Normalization normalization,
        int hiddenSize,
        int channels,
        boolean gated,
        Activation activation,
        boolean inputBias,
        boolean outputBias)
        implements ModuleSpec {

    public MlpSpec {
        if (hiddenSize < 1 || channels < 1) {
            throw new IllegalArgumentException("bad MLP shape: hidden " + hiddenSize + ", channels " + channels);
        }
    }

    @Override
    public int units() {
        return channels;
    }

    @Override
    public int featuresPerUnit() {
        return 1;
    }

    @Override
    public long parametersPerUnit() {
        long inputRows = gated ? 2 : 1;
        return inputRows * (hiddenSize + (inputBias ? 1 : 0)) + hiddenSize;
    }

    @Override
    public long fixedParameters() {
        return outputBias ? hiddenSize : 0;
    }

    @Override
    public MlpSpec withUnits(int units) {
        return new MlpSpec(normalization, hiddenSize, units, gated, activation, inputBias, outputBias);
    }
}
