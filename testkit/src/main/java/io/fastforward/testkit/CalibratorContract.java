package io.fastforward.testkit;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.fastforward.spi.measure.Measured;
import io.fastforward.spi.measure.ModuleView;
import io.fastforward.spi.measure.Tap;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.model.Activation;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.model.MapShape;
import io.fastforward.spi.model.MlpSpec;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.model.NormWeights;
import io.fastforward.spi.model.Normalization;
import io.fastforward.spi.prune.Calibrator;
import io.fastforward.spi.prune.Calibrator.Repair;
import io.fastforward.spi.prune.Workbench;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.DoubleMatrix;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What every {@link Calibrator} and its provider must do. A provider's test extends it and adds what is its own. */
public abstract class CalibratorContract extends PluginContract<Calibrator.Provider> {

    private static final Normalization NORMALIZATION = new Normalization(Normalization.Kind.RMS, 1e-5);

    /** Memory of the problems and solutions of one test. */
    protected final Arena arena = Arena.ofConfined();

    private final SplittableRandom random = new SplittableRandom(31);

    /** For the test of one provider. */
    protected CalibratorContract() {
        super(Calibrator.Provider.class);
    }

    /** The calibrator under test, with the defaults of its options. */
    protected final Calibrator calibrator() {
        return calibrator(Map.of());
    }

    private Calibrator calibrator(Map<String, String> given) {
        return provider().create(options(given));
    }

    @AfterEach
    final void freeMemory() {
        arena.close();
    }

    /**
     * The sizes of a problem, and how the dense model's features differ from the prefix's.
     *
     * @param tokens with fewer than {@code inputs}, the Gram matrix is rank-deficient
     * @param drift size of the difference; 0: the features are to be reproduced themselves
     * @param residual whether the output is to make up for something besides
     */
    public record Sizes(int outputs, int inputs, int kept, int tokens, boolean bias, double drift, boolean residual) {

        /** With nothing to make up for. */
        public Sizes(int outputs, int inputs, int kept, int tokens, boolean bias, double drift) {
            this(outputs, inputs, kept, tokens, bias, drift, false);
        }
    }

    /** Problems of sizes 1, odd, larger than one block of rows, with and without bias, full rank or not. */
    protected static Stream<Sizes> sizes() {
        return Stream.of(
                new Sizes(1, 1, 1, 3, false, 0),
                new Sizes(3, 1041, 17, 50, true, 0),
                new Sizes(531, 11, 4, 5, true, 0.1),
                new Sizes(3, 2, 1, 9, true, 0),
                new Sizes(7, 13, 12, 100, false, 0),
                new Sizes(7, 13, 5, 100, true, 0),
                new Sizes(5, 13, 11, 6, false, 0),
                new Sizes(1031, 9, 6, 40, true, 0),
                new Sizes(3, 1041, 17, 50, false, 0),
                new Sizes(1, 1, 1, 3, true, 0.1),
                new Sizes(7, 13, 13, 100, false, 0.1),
                new Sizes(7, 13, 8, 100, true, 0.1),
                new Sizes(531, 11, 4, 5, false, 0.1),
                new Sizes(1, 1, 1, 3, true, 0.1, true),
                new Sizes(7, 13, 13, 100, false, 0.1, true),
                new Sizes(531, 11, 4, 50, true, 0.1, true));
    }

    /**
     * A module that is to be repaired, together with the features that its moments were made of,
     * {@code tokens × inputs}.
     *
     * @param kept how many of its units, which are the inputs of its output map, are kept
     * @param input what the maps that make features see, {@code tokens × outputs}; the features are others than they make
     * @param prefix the features x that the repaired map will see
     * @param dense the features y whose image is to be reproduced
     * @param residual what the output is to make up for besides, {@code tokens × outputs}; zeros if that is nothing
     */
    public record Sample(
            ModuleView module, int kept, double[][] input, double[][] prefix, double[][] dense, double[][] residual) {

        /** Its output map. */
        public Linear map() {
            return module.weights().output();
        }

        /** Something that was measured. */
        public DoubleMatrix moment(Wish wish) {
            return module.measured().get(wish);
        }
    }

    /** A random problem with correlated features of different sizes. */
    protected final Sample sample(Sizes sizes) {
        double[][] prefix = features(sizes.tokens(), sizes.inputs());
        double[][] dense = prefix;
        if (sizes.drift() != 0) {
            dense = features(sizes.tokens(), sizes.inputs());
            for (int t = 0; t < sizes.tokens(); t++) {
                for (int j = 0; j < sizes.inputs(); j++) {
                    dense[t][j] = prefix[t][j] + sizes.drift() * dense[t][j];
                }
            }
        }
        // A calibrator that changes the bias serves no maps without one.
        Matrix bias = sizes.bias() || calibrator().changesBias() ? weights(1, sizes.outputs()) : null;
        Linear map = new Linear(weights(sizes.outputs(), sizes.inputs()), bias);
        return sizes.residual()
                ? sample(map, sizes.kept(), prefix, dense, features(sizes.tokens(), sizes.outputs()))
                : sample(map, sizes.kept(), prefix, dense);
    }

    /** A plain MLP of given features; equal ones if the features are to be reproduced themselves. */
    protected final Sample sample(Linear map, int kept, double[][] prefix, double[][] dense) {
        int outputs = map.weight().rows();
        double[][] input = features(prefix.length, outputs);
        Map<Tap, double[][]> own = Map.of(Tap.FEATURES, prefix, Tap.INPUT, input);
        Map<Tap, double[][]> followed = Arrays.deepEquals(prefix, dense)
                ? own
                : Map.of(Tap.FEATURES, dense, Tap.INPUT, features(prefix.length, outputs));
        Measured measured = new Sums(own, followed).measured(calibrator().wishes(), arena);
        return new Sample(module(map, measured), kept, input, prefix, dense, new double[prefix.length][outputs]);
    }

    /** One that has something to make up for besides. */
    private Sample sample(Linear map, int kept, double[][] prefix, double[][] dense, double[][] residual) {
        double[][] input = features(prefix.length, map.weight().rows());
        Measured measured = new Sums(
                        Map.of(Tap.FEATURES, prefix, Tap.INPUT, input),
                        Map.of(Tap.FEATURES, dense, Tap.INPUT, input, Tap.RESIDUAL, residual))
                .measured(calibrator().wishes(), arena);
        return new Sample(module(map, measured), kept, input, prefix, dense, residual);
    }

    /**
     * A random problem of an MLP whose features are what its maps make of the input.
     *
     * @param drift size of the difference of the dense model's input; 0: the features are to be reproduced themselves
     * @param residual whether the output is to make up for something besides
     */
    protected final Sample sample(
            MlpSpec spec, ModuleWeights weights, int kept, int tokens, double drift, boolean residual) {
        double[][] input = features(tokens, spec.hiddenSize());
        double[][] denseInput = features(tokens, spec.hiddenSize());
        double[][] prefix = new double[tokens][];
        double[][] dense = new double[tokens][];
        for (int t = 0; t < tokens; t++) {
            for (int i = 0; i < input[t].length; i++) {
                input[t][i] = (float) (input[t][i] / 4); // as batches show it
                denseInput[t][i] = input[t][i] + drift * denseInput[t][i] / 4;
            }
            prefix[t] = features(spec, weights, input[t]);
            dense[t] = features(spec, weights, denseInput[t]);
        }
        Map<Tap, double[][]> own = Map.of(Tap.FEATURES, prefix, Tap.INPUT, input);
        Map<Tap, double[][]> followed = new HashMap<>(Map.of(Tap.FEATURES, dense, Tap.INPUT, denseInput));
        double[][] inherited = new double[tokens][spec.hiddenSize()];
        if (residual) {
            inherited = features(tokens, spec.hiddenSize());
            followed.put(Tap.RESIDUAL, inherited);
        }
        Measured measured = new Sums(own, drift == 0 && !residual ? own : followed)
                .measured(calibrator().wishes(), arena);
        return new Sample(new ModuleView(17, spec, weights, measured), kept, input, prefix, dense, inherited);
    }

    /** What the maps of an MLP make of an input, of as many channels as the module is to have. */
    protected static double[] features(MlpSpec spec, ModuleWeights weights, double[] input) {
        double[] features = new double[spec.channels()];
        for (int j = 0; j < features.length; j++) {
            double up = image(weights.map(MapRole.UP), j, input);
            double activated = spec.gated() ? image(weights.map(MapRole.GATE), j, input) : up;
            double value = switch (spec.activation()) {
                case SILU -> activated / (1 + Math.exp(-activated));
                case RELU -> Math.max(0, activated);
            };
            features[j] = spec.gated() ? value * up : value;
        }
        return features;
    }

    private ModuleView module(Linear map, Measured measured) {
        int hidden = map.weight().rows();
        int channels = map.weight().columns();
        MlpSpec spec = new MlpSpec(NORMALIZATION, hidden, channels, false, Activation.RELU, false, map.bias() != null);
        ModuleWeights weights = ModuleWeights.ofMlp(
                new NormWeights(weights(1, hidden), null), null, Linear.of(weights(channels, hidden)), map);
        return new ModuleView(17, spec, weights, measured);
    }

    private double[] means(double[][] features) {
        double[] means = new double[features[0].length];
        for (double[] token : features) {
            for (int j = 0; j < token.length; j++) {
                means[j] += token[j] / features.length;
            }
        }
        return means;
    }

    private double[][] centred(double[][] features) {
        double[] means = means(features);
        double[][] centred = new double[features.length][features[0].length];
        for (int t = 0; t < centred.length; t++) {
            for (int j = 0; j < centred[t].length; j++) {
                centred[t][j] = features[t][j] - means[j];
            }
        }
        return centred;
    }

    private double[][] features(int tokens, int count) {
        double[][] features = new double[tokens][count];
        for (double[] token : features) {
            double common = 1 + random.nextGaussian(); // features have means
            for (int j = 0; j < count; j++) {
                token[j] = (1 + j % 4) * (common + random.nextGaussian());
            }
        }
        return features;
    }

    /** Random single-precision weights, with a gap between the rows. */
    protected final Matrix weights(int rows, int columns) {
        Matrix weights = Matrix.allocate(arena, DataType.F32, rows, columns + 5).leadingColumns(columns);
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                weights.set(i, j, (float) random.nextGaussian());
            }
        }
        return weights;
    }

    /** Repairs with the defaults of the calibrator's options. */
    protected final Repair repair(Sample sample) {
        return repair(sample, Map.of());
    }

    /** Repairs with some options. */
    protected final Repair repair(Sample sample, Map<String, String> given) {
        return calibrator(given).repair(sample.module(), sample.kept(), workbench(sample));
    }

    /** What a calibrator may work with at a sample. */
    protected final Workbench workbench(Sample sample) {
        return new PlainWorkbench(
                new PlainLinearAlgebra(),
                arena,
                Map.of(Tap.FEATURES, sample.prefix(), Tap.INPUT, sample.input()),
                Map.of(Tap.FEATURES, sample.dense(), Tap.RESIDUAL, sample.residual()));
    }

    /** The repaired output map. */
    protected static Linear output(Repair repair) {
        return requireNonNull(repair.replaced().get(MapRole.MLP_OUTPUT), "the output map stays as it was");
    }

    /** ‖W′ X_K + b′ − (W Y + b + R)‖² over the tokens of a sample, from its features. */
    protected static double squaredError(Sample sample, Linear repaired) {
        double sum = 0;
        for (int t = 0; t < sample.prefix().length; t++) {
            for (int i = 0; i < repaired.weight().rows(); i++) {
                double wanted = image(sample.map(), i, sample.dense()[t]) + sample.residual()[t][i];
                double error = image(repaired, i, sample.prefix()[t]) - wanted;
                sum += error * error;
            }
        }
        return sum;
    }

    /** ‖W Y‖², without the mean of Y if the bias takes care of that. */
    private double squaredTarget(Sample sample) {
        boolean centred = calibrator().changesBias();
        Linear map = Linear.of(sample.map().weight());
        double sum = 0;
        for (double[] features : centred ? centred(sample.dense()) : sample.dense()) {
            for (int i = 0; i < map.weight().rows(); i++) {
                double image = image(map, i, features);
                sum += image * image;
            }
        }
        return sum;
    }

    /** What one row of a map, with its bias, makes of some numbers. */
    protected static double image(Linear map, int row, double[] features) {
        Matrix weight = map.weight();
        Matrix bias = map.bias();
        double sum = bias == null ? 0 : bias.get(0, row);
        for (int j = 0; j < weight.columns(); j++) {
            sum += weight.get(row, j) * features[j];
        }
        return sum;
    }

    private static byte[] bytes(MemorySegment memory) {
        return memory.toArray(ValueLayout.JAVA_BYTE);
    }

    /** All weights of a map, row by row. */
    protected static double[] numbers(Matrix matrix) {
        double[] numbers = new double[matrix.rows() * matrix.columns()];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = matrix.get(i / matrix.columns(), i % matrix.columns());
        }
        return numbers;
    }

    @ParameterizedTest
    @MethodSource("sizes")
    final void repairedMapsHaveTheShapesOfTheKeptUnitsAndTheirOwnMemory(Sizes sizes) {
        Sample sample = sample(sizes);
        Repair repair = repair(sample);
        repair.replaced().forEach((role, map) -> {
            MapShape shape = sample.module().spec().withUnits(sizes.kept()).map(role);
            assertThat(map.weight().type()).isEqualTo(DataType.F32);
            assertThat(map.weight().rows()).isEqualTo(shape.rows());
            assertThat(map.weight().columns()).isEqualTo(shape.columns());
            assertThat(numbers(map.weight())).doesNotContain(Double.NaN, Double.POSITIVE_INFINITY);
            assertThat(map.weight().data().scope()).isEqualTo(arena.scope());
            assertThat(map.bias() != null).isEqualTo(shape.bias());
        });
        assertThat(repair.ridge()).isGreaterThanOrEqualTo(0);
    }

    @ParameterizedTest
    @MethodSource("sizes")
    final void whatItTakesIsANumberThatGrowsWithTheTokens(Sizes sizes) {
        ModuleSpec module = sample(sizes).module().spec();
        double few = calibrator().multiplyAdds(module, sizes.kept(), 100);
        assertThat(few).isNotNegative().isFinite();
        assertThat(calibrator().multiplyAdds(module, sizes.kept(), 1_000_000_000))
                .isGreaterThanOrEqualTo(few)
                .isFinite();
    }

    @ParameterizedTest
    @MethodSource("sizes")
    final void itIsPureAndLeavesTheModuleAsItWas(Sizes sizes) {
        Sample sample = sample(sizes);
        byte[][] before = everythingIn(sample.module());

        Repair first = repair(sample);
        Repair second = repair(sample);

        assertThat(second.replaced().keySet()).isEqualTo(first.replaced().keySet());
        second.replaced().forEach((role, map) -> {
            Matrix other = requireNonNull(first.replaced().get(role)).weight();
            assertThat(numbers(map.weight())).containsExactly(numbers(other));
            assertThat(map.weight().data().address())
                    .isNotEqualTo(
                            sample.module().weights().map(role).weight().data().address());
        });
        assertThat(Arrays.deepEquals(everythingIn(sample.module()), before)).isTrue();
    }

    private static byte[][] everythingIn(ModuleView module) {
        return Stream.concat(
                        module.weights().maps().values().stream()
                                .map(map -> map.weight().data()),
                        module.measured().moments().values().stream().map(DoubleMatrix::data))
                .map(CalibratorContract::bytes)
                .toArray(byte[][]::new);
    }

    @ParameterizedTest
    @MethodSource("sizes")
    final void aStatedRelativeErrorIsTrue(Sizes sizes) {
        Sample sample = sample(sizes);
        Repair repair = repair(sample);
        if (!Double.isNaN(repair.relativeError()) && repair.replaced().keySet().equals(Set.of(MapRole.MLP_OUTPUT))) {
            // The moments hold the features' products to 2⁻⁵³, and fewer than 10⁵ of them are summed up.
            double expected = squaredError(sample, output(repair)) / squaredTarget(sample);
            assertThat(repair.relativeError()).isCloseTo(expected, within(1e-9 * expected + 1e-11));
        }
    }

    @Test
    final void nothingChangesIfNothingWasRemoved() {
        Sample sample = sample(new Sizes(6, 11, 11, 30, true, 0));
        repair(sample).replaced().forEach((role, map) -> {
            Linear original = sample.module().weights().map(role);
            assertThat(numbers(map.weight())).containsExactly(numbers(original.weight()));
            Matrix bias = original.bias();
            if (bias != null) {
                assertThat(numbers(requireNonNull(map.bias()))).containsExactly(numbers(bias));
            }
        });
    }

    @Test
    final void aMapWithoutTheBiasThatWouldChangeIsRefused() {
        double[][] features = features(30, 11);
        Sample sample = sample(Linear.of(weights(6, 11)), 7, features, features);
        if (calibrator().changesBias()) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> repair(sample))
                    .withMessageContaining("no bias");
        } else {
            assertThat(repair(sample)).isNotNull();
        }
    }

    @Test
    final void whatIsNotFiniteIsRefused() {
        for (double bad : new double[] {Double.NaN, Double.POSITIVE_INFINITY}) {
            for (Wish wish : calibrator().wishes()) {
                Sample sample = sample(new Sizes(3, 7, 5, 20, true, 0.1, true));
                sample.moment(wish).set(0, 2, bad);
                assertThatIllegalArgumentException().as("%s", wish).isThrownBy(() -> repair(sample));
            }
        }
    }
}
