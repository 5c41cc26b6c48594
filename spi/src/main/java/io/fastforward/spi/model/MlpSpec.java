package io.fastforward.spi.model;

import java.util.List;

/**
 * A feed-forward module with a residual connection. A unit is one intermediate channel. Gated: features =
 * activation(gate · x) ⊙ (up · x); plain: features = activation(up · x).
 *
 * @param normalization normalisation of the input, or of the result
 * @param hiddenSize width of the hidden state
 * @param channels number of intermediate channels; 0 if the MLP does nothing
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
        if (hiddenSize < 1 || channels < 0) {
            throw new IllegalArgumentException("bad MLP shape: hidden " + hiddenSize + ", channels " + channels);
        }
    }

    @Override
    public int units() {
        return channels;
    }

    @Override
    public int featuresPerPart() {
        return 1;
    }

    @Override
    public List<MapShape> maps() {
        if (isIdentity()) {
            return List.of();
        }
        MapShape up = new MapShape(MapRole.UP, channels, hiddenSize, inputBias);
        MapShape output = new MapShape(MapRole.MLP_OUTPUT, hiddenSize, channels, outputBias);
        return gated
                ? List.of(new MapShape(MapRole.GATE, channels, hiddenSize, inputBias), up, output)
                : List.of(up, output);
    }

    @Override
    public List<Coupling> couplings() {
        if (isIdentity()) {
            return List.of();
        }
        Coupling up = new Coupling(MapRole.UP, Axis.ROWS, 1);
        Coupling output = new Coupling(MapRole.MLP_OUTPUT, Axis.COLUMNS, 1);
        return gated ? List.of(new Coupling(MapRole.GATE, Axis.ROWS, 1), up, output) : List.of(up, output);
    }

    /** The same MLP, whose output map has a bias. */
    public MlpSpec withOutputBias() {
        return new MlpSpec(normalization, hiddenSize, channels, gated, activation, inputBias, true);
    }

    @Override
    public MlpSpec withUnits(int units) {
        return new MlpSpec(normalization, hiddenSize, units, gated, activation, inputBias, outputBias);
    }
}
