package io.fastforward.testkit;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.fastforward.spi.model.Linear;
import io.fastforward.spi.prune.Calibrator;
import io.fastforward.spi.prune.Calibrator.Problem;
import io.fastforward.spi.prune.Calibrator.Solution;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.DoubleMatrix;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What every {@link Calibrator} and its provider must do. A provider's test extends it and adds what is its own. */
public abstract class CalibratorContract extends PluginContract<Calibrator.Provider> {

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
     */
    public record Sizes(int outputs, int inputs, int kept, int tokens, boolean bias, double drift) {}

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
                new Sizes(531, 11, 4, 5, false, 0.1));
    }

    /**
     * A problem together with the features that its moments were made of, {@code tokens × inputs}.
     *
     * @param prefix the features x that the repaired map will see
     * @param dense the features y whose image is to be reproduced
     */
    public record Sample(Problem problem, double[][] prefix, double[][] dense) {}

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
        return sample(new Linear(weights(sizes.outputs(), sizes.inputs()), bias), sizes.kept(), prefix, dense);
    }

    /** The problem of given features; equal ones if the features are to be reproduced themselves. */
    protected final Sample sample(Linear map, int kept, double[][] prefix, double[][] dense) {
        boolean centred = calibrator().statistics() == Calibrator.Statistics.CENTRED_GRAM;
        double[][] left = centred ? centred(dense) : dense;
        double[][] right = centred ? centred(prefix) : prefix;
        boolean itself = Arrays.deepEquals(prefix, dense);
        DoubleMatrix gram = moments(right, right);
        DoubleMatrix target = itself ? gram : moments(left, right);
        DoubleMatrix mean = means(prefix);
        DoubleMatrix targetMean = itself ? mean : means(dense);
        return new Sample(new Problem(map, kept, gram, target, mean, targetMean, prefix.length), prefix, dense);
    }

    /** A problem without any statistics. */
    protected final Problem withoutStatistics(Linear map, int kept) {
        DoubleMatrix none = DoubleMatrix.allocate(arena, 0, 0);
        return new Problem(map, kept, none, none, none, none, 0);
    }

    private DoubleMatrix means(double[][] features) {
        DoubleMatrix means = DoubleMatrix.allocate(arena, 1, features[0].length);
        for (double[] token : features) {
            for (int j = 0; j < token.length; j++) {
                means.set(0, j, means.get(0, j) + token[j] / features.length);
            }
        }
        return means;
    }

    private double[][] centred(double[][] features) {
        DoubleMatrix means = means(features);
        double[][] centred = new double[features.length][features[0].length];
        for (int t = 0; t < centred.length; t++) {
            for (int j = 0; j < centred[t].length; j++) {
                centred[t][j] = features[t][j] - means.get(0, j);
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

    /** Σ y xᵀ, with a gap between the rows. */
    private DoubleMatrix moments(double[][] left, double[][] right) {
        int size = right[0].length;
        DoubleMatrix moments = DoubleMatrix.allocate(arena, size, size + 2).leadingBlock(size, size);
        for (int i = 0; i < size; i++) {
            for (int j = 0; j < size; j++) {
                double sum = 0;
                for (int t = 0; t < left.length; t++) {
                    sum += left[t][i] * right[t][j];
                }
                moments.set(i, j, sum);
            }
        }
        return moments;
    }

    /** Solves a problem with the defaults of the calibrator's options. */
    protected final Solution calibrate(Problem problem) {
        return calibrate(problem, Map.of());
    }

    /** Solves a problem with some options. */
    protected final Solution calibrate(Problem problem, Map<String, String> given) {
        return calibrator(given).calibrate(problem, new PlainLinearAlgebra(), arena);
    }

    /** ‖W′ X_K + b′ − (W Y + b)‖² over the tokens of a sample, from its features. */
    protected static double squaredError(Sample sample, Linear repaired) {
        double sum = 0;
        for (int t = 0; t < sample.prefix().length; t++) {
            for (int i = 0; i < repaired.weight().rows(); i++) {
                double error = image(repaired, i, sample.prefix()[t])
                        - image(sample.problem().map(), i, sample.dense()[t]);
                sum += error * error;
            }
        }
        return sum;
    }

    /** ‖W Y‖², without the mean of Y if the calibrator asked for features without it. */
    private double squaredTarget(Sample sample) {
        boolean centred = calibrator().statistics() == Calibrator.Statistics.CENTRED_GRAM;
        Linear map = Linear.of(sample.problem().map().weight());
        double sum = 0;
        for (double[] features : centred ? centred(sample.dense()) : sample.dense()) {
            for (int i = 0; i < map.weight().rows(); i++) {
                double image = image(map, i, features);
                sum += image * image;
            }
        }
        return sum;
    }

    private static double image(Linear map, int row, double[] features) {
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
    final void theSolutionHasTheKeptInputsAndItsOwnMemory(Sizes sizes) {
        Problem problem = sample(sizes).problem();
        Solution solution = calibrate(problem);

        Matrix weight = solution.map().weight();
        assertThat(weight.type()).isEqualTo(DataType.F32);
        assertThat(weight.rows()).isEqualTo(sizes.outputs());
        assertThat(weight.columns()).isEqualTo(sizes.kept());
        for (double number : numbers(weight)) {
            assertThat(number).isFinite();
        }
        assertThat(weight.data().scope()).isEqualTo(arena.scope());
        assertThat(solution.map().bias() != null).isEqualTo(problem.map().bias() != null);
        assertThat(solution.ridge()).isGreaterThanOrEqualTo(0);
    }

    @ParameterizedTest
    @MethodSource("sizes")
    final void itIsPureAndLeavesTheProblemAsItWas(Sizes sizes) {
        Problem problem = sample(sizes).problem();
        byte[] weight = bytes(problem.map().weight().data());
        byte[] gram = bytes(problem.gram().data());
        byte[] target = bytes(problem.target().data());

        Solution first = calibrate(problem);
        Solution second = calibrate(problem);

        assertThat(numbers(second.map().weight()))
                .containsExactly(numbers(first.map().weight()));
        assertThat(first.map().weight().data().address())
                .isNotEqualTo(problem.map().weight().data().address());
        assertThat(bytes(problem.map().weight().data())).isEqualTo(weight);
        assertThat(bytes(problem.gram().data())).isEqualTo(gram);
        assertThat(bytes(problem.target().data())).isEqualTo(target);
    }

    @ParameterizedTest
    @MethodSource("sizes")
    final void aStatedRelativeErrorIsTrue(Sizes sizes) {
        Sample sample = sample(sizes);
        Solution solution = calibrate(sample.problem());

        // The moments hold the features' products to 2⁻⁵³, and fewer than 10⁵ of them are summed up.
        double expected = squaredError(sample, solution.map()) / squaredTarget(sample);
        assertThat(solution.relativeError())
                .satisfiesAnyOf(
                        error -> assertThat(error).isNaN(),
                        error -> assertThat(error).isCloseTo(expected, within(1e-9 * expected + 1e-11)));
    }

    @Test
    final void nothingChangesIfNothingWasRemoved() {
        Problem problem = sample(new Sizes(6, 11, 11, 30, true, 0)).problem();
        Linear map = calibrate(problem).map();
        assertThat(numbers(map.weight())).containsExactly(numbers(problem.map().weight()));
        assertThat(numbers(requireNonNull(map.bias())))
                .containsExactly(numbers(requireNonNull(problem.map().bias())));
    }

    @Test
    final void aMapWithoutTheBiasThatWouldChangeIsRefused() {
        double[][] features = features(30, 11);
        Problem problem =
                sample(Linear.of(weights(6, 11)), 7, features, features).problem();
        if (calibrator().changesBias()) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> calibrate(problem))
                    .withMessageContaining("no bias");
        } else {
            assertThat(calibrate(problem).map().bias()).isNull();
        }
    }

    @Test
    final void statisticsThatAreNotFiniteAreRefusedOrNeverRead() {
        Calibrator.Statistics read = calibrator().statistics();
        boolean grams = read == Calibrator.Statistics.GRAM || read == Calibrator.Statistics.CENTRED_GRAM;
        boolean means = read == Calibrator.Statistics.MEANS || read == Calibrator.Statistics.CENTRED_GRAM;
        Sizes sizes = new Sizes(3, 7, 5, 20, true, 0.1);
        for (double bad : new double[] {Double.NaN, Double.POSITIVE_INFINITY}) {
            Problem badGram = sample(sizes).problem();
            badGram.gram().set(6, 1, bad);
            assertRefusedOrNeverRead(grams, badGram, "Gram");

            Problem badTarget = sample(sizes).problem();
            badTarget.target().set(2, 4, bad);
            assertRefusedOrNeverRead(grams, badTarget, "target");

            Problem badMean = sample(sizes).problem();
            badMean.mean().set(0, 3, bad);
            assertRefusedOrNeverRead(means, badMean, "features");

            Problem badTargetMean = sample(sizes).problem();
            badTargetMean.targetMean().set(0, 6, bad);
            assertRefusedOrNeverRead(means, badTargetMean, "target");
        }
    }

    private void assertRefusedOrNeverRead(boolean read, Problem problem, String name) {
        if (read) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> calibrate(problem))
                    .withMessageContaining(name);
        } else {
            double[] weights = numbers(calibrate(problem).map().weight());
            for (double weight : weights) {
                assertThat(weight).isFinite();
            }
        }
    }
}
