package io.fastforward.calibrators;

import static java.util.Objects.requireNonNull;

import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.model.MlpSpec;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.DoubleMatrix;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;

/**
 * The maps of an MLP's kept channels, as they become, and what they make of blocks of tokens, in double precision. Those that make
 * the features are held transposed, {@code inputs × channels}, with the bias as the last row: tokens are rows, and are multiplied
 * from the left.
 */
final class MlpMaps {

    private final MlpSpec spec;
    private final LinearAlgebra algebra;
    private final Map<MapRole, DoubleMatrix> makers = new EnumMap<>(MapRole.class);
    private final DoubleMatrix down;
    private final DoubleMatrix downTransposed;
    private final DoubleMatrix activated;
    private final DoubleMatrix gated;
    private final DoubleMatrix features;
    private final DoubleMatrix outputs;

    /**
     * The maps as they were.
     *
     * @param spec with the kept channels alone
     * @param weights with at least as many, those that are kept first
     * @param scratch owns everything
     */
    MlpMaps(MlpSpec spec, ModuleWeights weights, LinearAlgebra algebra, Arena scratch) {
        this.spec = spec;
        this.algebra = algebra;
        int channels = spec.channels();
        weights.maps().forEach((role, map) -> {
            if (!role.isOutput()) {
                makers.put(role, maker(map, scratch));
            }
        });
        this.down = DoubleMatrix.allocate(scratch, spec.hiddenSize(), channels);
        this.downTransposed = DoubleMatrix.allocate(scratch, channels, spec.hiddenSize());
        this.activated = DoubleMatrix.allocate(scratch, Blocks.ROWS, channels);
        this.gated = DoubleMatrix.allocate(scratch, spec.gated() ? Blocks.ROWS : 0, channels);
        this.features = DoubleMatrix.allocate(scratch, Blocks.ROWS, channels);
        this.outputs = DoubleMatrix.allocate(scratch, Blocks.ROWS, spec.hiddenSize());
    }

    /** Numbers that the maps see of a token: the hidden state, and a one if they have biases. */
    static int inputs(MlpSpec spec) {
        return spec.hiddenSize() + (spec.inputBias() ? 1 : 0);
    }

    private DoubleMatrix maker(Linear map, Arena scratch) {
        DoubleMatrix maker = DoubleMatrix.allocate(scratch, inputs(spec), spec.channels());
        for (int j = 0; j < spec.channels(); j++) {
            for (int i = 0; i < spec.hiddenSize(); i++) {
                maker.set(i, j, map.weight().get(j, i));
            }
            if (spec.inputBias()) {
                maker.set(spec.hiddenSize(), j, requireNonNull(map.bias()).get(0, j));
            }
        }
        return maker;
    }

    MlpSpec spec() {
        return spec;
    }

    /** A map that makes features, {@code inputs × channels}; who changes it changes what is computed. */
    DoubleMatrix maker(MapRole role) {
        return requireNonNull(makers.get(role));
    }

    /** The output map, {@code outputs × channels}. */
    DoubleMatrix down() {
        return down;
    }

    /** Takes another output map, {@code outputs × channels}, F32. */
    void setDown(Matrix weight) {
        Blocks.widen(weight, 0, down);
        Blocks.transpose(down, downTransposed);
    }

    /** The features of a block of tokens, {@code rows × channels}; valid until the next call for a block. */
    DoubleMatrix features(DoubleMatrix inputs) {
        return perChannel(inputs, spec.gated(), (a, u) -> Nonlinearity.value(spec.activation(), a) * u);
    }

    /**
     * How fast the features move with what a map puts out, {@code rows × channels}. With the up map of a gated MLP they move in
     * proportion, however far; with the others at this rate to begin with.
     */
    DoubleMatrix slopes(MapRole role, DoubleMatrix inputs) {
        return spec.gated() && role == MapRole.UP
                ? perChannel(inputs, false, (a, _) -> Nonlinearity.value(spec.activation(), a))
                : perChannel(inputs, spec.gated(), (a, u) -> Nonlinearity.slope(spec.activation(), a) * u);
    }

    /** Whether the features are linear in a map, the others as they are. */
    boolean linearIn(MapRole role) {
        return spec.gated() && role == MapRole.UP;
    }

    /** A number made of what goes into the activation, and of what that is multiplied with. */
    private interface Channel {
        double of(double activated, double gated);
    }

    /** @param both whether what the activation is multiplied with is wanted; it is one otherwise */
    private DoubleMatrix perChannel(DoubleMatrix inputs, boolean both, Channel channel) {
        int rows = inputs.rows();
        DoubleMatrix a = product(inputs, maker(spec.gated() ? MapRole.GATE : MapRole.UP), activated);
        DoubleMatrix u = both ? product(inputs, maker(MapRole.UP), gated) : gated.leadingBlock(0, 0);
        DoubleMatrix result = features.leadingBlock(rows, spec.channels());
        double[] left = new double[spec.channels()];
        double[] right = new double[spec.channels()];
        Arrays.fill(right, 1);
        for (int i = 0; i < rows; i++) {
            a.readRow(i, left, left.length);
            if (both) {
                u.readRow(i, right, right.length);
            }
            for (int j = 0; j < left.length; j++) {
                left[j] = channel.of(left[j], right[j]);
            }
            result.writeRow(i, left, left.length);
        }
        return result;
    }

    /** What the output map makes of features, {@code rows × outputs}; valid until the next call. */
    DoubleMatrix project(DoubleMatrix channels) {
        return product(channels, downTransposed, outputs);
    }

    /** What the transposed output map makes of errors of the output, into {@code rows × channels}. */
    void pullBack(DoubleMatrix errors, DoubleMatrix target) {
        algebra.multiply(errors, down, target);
    }

    private DoubleMatrix product(DoubleMatrix left, DoubleMatrix right, DoubleMatrix buffer) {
        DoubleMatrix result = buffer.leadingBlock(left.rows(), right.columns());
        algebra.multiply(left, right, result);
        return result;
    }

    /** A map that makes features as a module has it, in single precision. */
    Linear linear(MapRole role, Arena arena) {
        Matrix weight = Matrix.allocate(arena, DataType.F32, spec.channels(), spec.hiddenSize());
        Matrix bias = spec.inputBias() ? Matrix.allocate(arena, DataType.F32, 1, spec.channels()) : null;
        Linear linear = new Linear(weight, bias);
        store(role, linear);
        return linear;
    }

    /** Overwrites such a map. */
    void store(MapRole role, Linear target) {
        DoubleMatrix maker = maker(role);
        Matrix bias = target.bias();
        for (int j = 0; j < spec.channels(); j++) {
            for (int i = 0; i < spec.hiddenSize(); i++) {
                target.weight().set(j, i, (float) maker.get(i, j));
            }
            if (bias != null) {
                bias.set(0, j, (float) maker.get(spec.hiddenSize(), j));
            }
        }
    }
}
