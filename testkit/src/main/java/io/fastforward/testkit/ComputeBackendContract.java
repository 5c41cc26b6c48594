package io.fastforward.testkit;

import static io.fastforward.testkit.Approximation.UNIT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fastforward.spi.backend.BatchShape;
import io.fastforward.spi.backend.CheckedBackend;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.DeviceMatrix;
import io.fastforward.spi.backend.HostMemory;
import io.fastforward.spi.backend.KeyValueCache;
import io.fastforward.spi.backend.LoadedHead;
import io.fastforward.spi.backend.LoadedModule;
import io.fastforward.spi.backend.Moments;
import io.fastforward.spi.backend.Precision;
import io.fastforward.spi.backend.PrecisionSupport;
import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.model.Activation;
import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.AttentionUnit;
import io.fastforward.spi.model.HeadWeights;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.model.MapShape;
import io.fastforward.spi.model.MlpSpec;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.model.Normalization;
import io.fastforward.spi.model.RotaryPositions;
import io.fastforward.spi.tensor.ColumnMagnitudes;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.DoubleMatrix;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What every compute backend has to do, checked against formulas in double precision. A test class of a backend
 * extends it and names the provider.
 */
public abstract class ComputeBackendContract {

    private static final Normalization RMS = new Normalization(Normalization.Kind.RMS, 1e-5);
    private static final Normalization LAYER = new Normalization(Normalization.Kind.LAYER, 1e-5);
    private static final Normalization LAYER_AFTER =
            new Normalization(Normalization.Kind.LAYER, 1e-5, Normalization.Placement.AFTER);

    private final Arena arena = Arena.ofShared();
    private ComputeBackend backend;

    /** The provider under test; it must be available where the test runs. */
    protected abstract ComputeBackend.Provider provider();

    /** What it is opened for; each that it supports has a test class of its own. */
    protected Precision precision() {
        return Precision.SINGLE;
    }

    private DoublePrecisionReference reference() {
        return new DoublePrecisionReference(precision());
    }

    @BeforeEach
    final void open() {
        backend = open(2);
    }

    /** Opens it the way the engine does. */
    private ComputeBackend open(int threads) {
        return new CheckedBackend(
                precision() == Precision.SINGLE
                        ? provider().open(threads)
                        : provider().open(device(), threads, precision()));
    }

    private String device() {
        return provider().devices().getFirst().id();
    }

    @AfterEach
    final void close() {
        backend.close();
        arena.close();
    }

    /**
     * A module, how its weights are stored, how many units are active, and a batch.
     */
    record ModuleCase(ModuleSpec spec, DataType type, int units, BatchShape batch) {}

    static Stream<ModuleCase> modules() {
        return Stream.of(
                // Plain multi-head attention, every unit active.
                attention(RMS, 16, 8, 2, 1, 4, 0, false, DataType.F32, 2, 2, 9),
                // One token, one head, one dimension pair.
                attention(RMS, 6, 2, 1, 1, 1, 0, false, DataType.F32, 1, 1, 1),
                // Groups of several queries; fewer units than loaded.
                attention(RMS, 48, 6, 5, 3, 3, 0, false, DataType.BF16, 3, 3, 37),
                attention(RMS, 40, 32, 3, 4, 16, 0, false, DataType.F16, 1, 1, 130),
                attention(RMS, 70, 64, 3, 2, 32, 0, true, DataType.BF16, 2, 2, 67),
                // No positions, layer normalisation, biases: OPT.
                attention(LAYER, 32, 16, 4, 1, 0, 0, true, DataType.F16, 3, 2, 33),
                // Partly rotated heads.
                attention(LAYER, 24, 12, 2, 2, 2, 0, false, DataType.F32, 2, 1, 20),
                // Sliding windows: of one position, shorter and longer than the sequence.
                attention(RMS, 20, 10, 2, 2, 5, 1, false, DataType.F32, 2, 2, 7),
                attention(RMS, 33, 6, 3, 1, 3, 5, false, DataType.BF16, 2, 1, 150),
                attention(RMS, 16, 8, 2, 2, 4, 64, false, DataType.F32, 2, 1, 31),
                attention(RMS, 64, 32, 2, 4, 16, 40, false, DataType.BF16, 2, 1, 141),
                // Sequences longer than any tile of keys.
                attention(RMS, 9, 4, 2, 2, 2, 0, false, DataType.F32, 1, 1, 1100),
                attention(RMS, 9, 4, 1, 1, 2, 700, false, DataType.F32, 1, 1, 1500),
                // Units that are query heads: fewer than loaded, one query a group, windows and biases.
                queryHeads(attention(RMS, 48, 6, 3, 5, 3, 0, false, DataType.BF16, 3, 3, 37)),
                queryHeads(attention(RMS, 20, 10, 2, 4, 5, 3, true, DataType.F32, 1, 2, 9)),
                queryHeads(attention(RMS, 16, 8, 1, 3, 4, 0, false, DataType.F16, 2, 1, 70)),
                queryHeads(attention(LAYER, 16, 8, 3, 1, 4, 0, true, DataType.F32, 1, 2, 5)),
                // Units that are value channels: one, some and all of them; one group, one query a group, several; odd
                // head sizes, no positions, windows, biases, sequences longer than any tile of keys.
                valueChannels(attention(RMS, 16, 8, 2, 1, 4, 0, false, DataType.F32, 8, 2, 9)),
                valueChannels(attention(RMS, 48, 6, 3, 5, 3, 0, true, DataType.BF16, 5, 3, 37)),
                valueChannels(attention(RMS, 20, 10, 2, 4, 5, 3, true, DataType.F32, 1, 2, 9)),
                valueChannels(attention(LAYER, 24, 7, 3, 1, 0, 0, true, DataType.F16, 4, 2, 33)),
                valueChannels(attention(RMS, 9, 4, 1, 3, 2, 700, false, DataType.F32, 3, 1, 1100)),
                valueChannels(attention(RMS, 70, 64, 3, 2, 32, 0, true, DataType.BF16, 41, 2, 67)),
                valueChannels(attention(LAYER_AFTER, 32, 16, 4, 1, 0, 0, true, DataType.F16, 3, 2, 33)),
                // Values narrower than keys, as value channels leave them, with units of every kind.
                narrowValues(attention(RMS, 48, 6, 5, 3, 3, 0, false, DataType.BF16, 3, 3, 37), 4),
                narrowValues(attention(LAYER, 32, 16, 4, 1, 0, 0, true, DataType.F16, 4, 2, 33), 1),
                narrowValues(attention(RMS, 70, 64, 3, 2, 32, 40, true, DataType.BF16, 2, 2, 67), 23),
                narrowValues(queryHeads(attention(RMS, 48, 6, 3, 5, 3, 0, true, DataType.BF16, 3, 3, 37)), 5),
                narrowValues(valueChannels(attention(RMS, 48, 6, 3, 5, 3, 7, true, DataType.F32, 2, 3, 37)), 3),
                // The normalisation at the end: OPT-350M.
                attention(LAYER_AFTER, 32, 16, 4, 1, 0, 0, true, DataType.F16, 3, 2, 33),
                mlp(LAYER_AFTER, 48, 96, false, Activation.RELU, true, DataType.F16, 50, 2, 17),
                mlp(RMS, 24, 40, true, Activation.SILU, false, DataType.F32, 40, 2, 9),
                mlp(RMS, 1, 1, true, Activation.SILU, true, DataType.F32, 1, 1, 1),
                mlp(RMS, 70, 131, true, Activation.SILU, false, DataType.BF16, 77, 3, 45),
                mlp(RMS, 64, 600, true, Activation.SILU, false, DataType.BF16, 530, 1, 70),
                mlp(RMS, 33, 65, true, Activation.RELU, true, DataType.F16, 64, 1, 13),
                mlp(LAYER, 48, 96, false, Activation.RELU, true, DataType.F16, 50, 2, 17),
                mlp(LAYER, 7, 13, false, Activation.SILU, false, DataType.F32, 1, 1, 3),
                mlp(LAYER, 530, 9, true, Activation.SILU, true, DataType.F16, 9, 1, 5));
    }

    private static ModuleCase attention(
            Normalization normalization,
            int hidden,
            int headSize,
            int groups,
            int queriesPerGroup,
            int frequencies,
            int slidingWindow,
            boolean bias,
            DataType type,
            int units,
            int sequences,
            int length) {
        @Nullable
        RotaryPositions rotary = frequencies == 0
                ? null
                : new RotaryPositions(IntStream.range(0, frequencies)
                        .mapToObj(i -> Math.pow(10_000, -i / (double) frequencies))
                        .toList());
        var spec = new AttentionSpec(
                normalization, hidden, headSize, groups, queriesPerGroup, rotary, slidingWindow, bias, bias);
        return new ModuleCase(spec, type, units, new BatchShape(sequences, length));
    }

    private static ModuleCase queryHeads(ModuleCase test) {
        return changed(test, spec -> spec.withUnit(AttentionUnit.QUERY_HEAD));
    }

    private static ModuleCase valueChannels(ModuleCase test) {
        return changed(test, spec -> spec.withUnit(AttentionUnit.VALUE_CHANNEL));
    }

    private static ModuleCase narrowValues(ModuleCase test, int size) {
        return changed(test, spec -> spec.withValueSize(size));
    }

    private static ModuleCase changed(ModuleCase test, UnaryOperator<AttentionSpec> change) {
        return new ModuleCase(change.apply((AttentionSpec) test.spec()), test.type(), test.units(), test.batch());
    }

    private static ModuleCase mlp(
            Normalization normalization,
            int hidden,
            int channels,
            boolean gated,
            Activation activation,
            boolean bias,
            DataType type,
            int units,
            int sequences,
            int length) {
        var spec = new MlpSpec(normalization, hidden, channels, gated, activation, bias, bias);
        return new ModuleCase(spec, type, units, new BatchShape(sequences, length));
    }

    @Test
    void saysWhatItIs() {
        assertThat(provider().id()).matches("[a-z0-9-]+");
        assertThat(provider().probe().available()).isTrue();
        assertThat(provider().probe().message()).isNotBlank();
        assertThat(backend.device()).isNotBlank().doesNotContain("\n");
    }

    @ParameterizedTest
    @EnumSource
    void itSaysInWhatItComputes(Precision other) {
        PrecisionSupport support = provider().support(device(), other);
        assertThat(support.message()).isNotBlank().doesNotContain("\n");
        assertThat(provider().support(device(), other)).as("asked again").isEqualTo(support);
        assertThat(support.available() || other != precision()).isTrue();
        if (support.available()) {
            try (ComputeBackend opened = provider().open(device(), 1, other)) {
                assertThat(opened.precision()).isEqualTo(other);
            }
        } else {
            assertThatIllegalStateException().isThrownBy(() -> provider().open(device(), 1, other));
        }
        assertThat(provider().support(device(), Precision.SINGLE).available()).isTrue();
        assertThat(backend.precision()).isEqualTo(precision());
    }

    /** Where operands need no rounding, sums and results must be as good as in single precision. */
    @ParameterizedTest
    @MethodSource("modules")
    void whatCanBeRepresentedIsNotRounded(ModuleCase test) {
        int rows = test.batch().rows();
        int width = test.spec().features(test.units());
        ModuleWeights weights = new RandomWeights(arena, DataType.BF16, 62).module(test.spec());
        Matrix source = new RandomWeights(arena, DataType.BF16, 63).matrix(rows, width, 2);
        List<Approximation> features =
                Stream.of(rows(source)).map(ComputeBackendContract::exact).toList();
        Approximation[] hidden = hidden(rows, test.spec().hiddenSize(), 64);
        try (LoadedModule module = backend.load(test.spec(), weights);
                DeviceMatrix scratch = backend.allocate(rows, width);
                DeviceMatrix state = device(hidden, 0)) {
            backend.write(source, scratch, 0);
            backend.project(module, test.units(), rows, scratch, state);
            List<Approximation> expected = new DoublePrecisionReference(Precision.SINGLE)
                    .project(test.spec(), weights.norm(), weights.output(), features, List.of(hidden));
            assertRows(expected, rows(state), "hidden state after projection");
        }
    }

    @ParameterizedTest
    @EnumSource
    void writesWidenedRowsAndReadsLeadingColumns(DataType type) {
        Matrix source = new RandomWeights(arena, type, 1).matrix(3, 21, 1);
        source.set(0, 0, Float.POSITIVE_INFINITY);
        source.set(0, 1, Float.NaN);
        source.set(0, 2, -0f);
        source.set(0, 3, 0x1.0p-24f); // subnormal in half precision
        source.set(0, 4, -0x1.8p-20f);
        try (DeviceMatrix matrix = backend.allocate(6, 21)) {
            backend.write(source, matrix, 2);
            backend.write(source.leadingRows(0), matrix, 6);
            Matrix copy = new RandomWeights(arena, DataType.F32, 2).matrix(4, 20, 1);
            backend.read(matrix, 1, copy);
            for (int column = 0; column < 20; column++) {
                assertThat(copy.get(0, column)).isZero();
                for (int row = 0; row < 3; row++) {
                    assertThat(copy.get(row + 1, column)).isEqualTo(Float.valueOf(source.get(row, column)));
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("modules")
    void featuresAndProjectionMatchTheReference(ModuleCase test) {
        Approximation[] hidden = hidden(test.batch().rows(), test.spec().hiddenSize(), 5);
        ModuleWeights weights = new RandomWeights(arena, test.type(), 6).module(test.spec());
        List<Approximation> expected =
                reference().features(test.spec(), weights, test.units(), test.batch(), List.of(hidden));
        int width = test.spec().features(test.units());
        try (LoadedModule module = backend.load(test.spec(), weights);
                DeviceMatrix input = device(hidden, 2);
                DeviceMatrix features = backend.allocate(test.batch().rows() + 1, width + 2)) {
            float[][] untouched = rows(new RandomWeights(arena, DataType.F32, 7).matrix(features.rows(), width + 2, 1));
            write(untouched, features);
            float[][] before = rows(input);
            backend.features(module, test.units(), test.batch(), input, features);

            float[][] actual = rows(features);
            for (int row = 0; row < test.batch().rows(); row++) {
                expected.get(row).assertMatches(Arrays.copyOf(actual[row], width), "features of row " + row);
                assertThat(Arrays.copyOfRange(actual[row], width, width + 2))
                        .as("columns after the features")
                        .isEqualTo(Arrays.copyOfRange(untouched[row], width, width + 2));
            }
            assertThat(actual[features.rows() - 1])
                    .as("the row after the batch")
                    .isEqualTo(untouched[features.rows() - 1]);
            assertThat(rows(input)).as("hidden state").isDeepEqualTo(before);

            List<Approximation> made = Stream.of(actual)
                    .limit(test.batch().rows())
                    .map(row -> exact(Arrays.copyOf(row, width)))
                    .toList();
            List<Approximation> projected =
                    reference().project(test.spec(), weights.norm(), weights.output(), made, List.of(hidden));
            backend.project(module, test.units(), test.batch().rows(), features, input);
            assertRows(projected, rows(input), "hidden state after projection");
            assertThat(rows(input)[test.batch().rows()])
                    .isEqualTo(before[test.batch().rows()]);
        }
    }

    static Stream<ModuleCase> attentionModules() {
        return modules().filter(test -> test.spec() instanceof AttentionSpec);
    }

    @ParameterizedTest
    @MethodSource("attentionModules")
    void aCachedSequenceIsTheSameBitByBit(ModuleCase test) {
        int length = Math.min(test.batch().length(), 300);
        Approximation[] hidden = hidden(length, test.spec().hiddenSize(), 40);
        ModuleWeights weights = new RandomWeights(arena, test.type(), 41).module(test.spec());
        List<Approximation> expected =
                reference().features(test.spec(), weights, test.units(), new BatchShape(1, length), List.of(hidden));
        int width = test.spec().features(test.units());
        try (LoadedModule module = backend.load(test.spec(), weights);
                KeyValueCache cache = backend.keyValueCache(module, test.units(), length)) {
            assertThat(cache.capacity()).isEqualTo(length);
            // A long beginning, one token, two tokens, then one after the other.
            int[] steps = {Math.max(1, length - 7), 1, 2};
            int first = 0;
            for (int step = 0; first < length; step++) {
                int rows = step < steps.length ? Math.min(steps[step], length - first) : 1;
                assertThat(cache.length()).isEqualTo(first);
                try (DeviceMatrix input = device(Arrays.copyOfRange(hidden, first, first + rows), 1);
                        DeviceMatrix features = backend.allocate(rows, width + 1)) {
                    backend.nextFeatures(cache, rows, input, features);
                    float[][] actual = rows(features);
                    for (int row = 0; row < rows; row++) {
                        expected.get(first + row)
                                .assertMatches(Arrays.copyOf(actual[row], width), "features at " + (first + row));
                        assertThat(actual[row][width])
                                .as("the column after the features")
                                .isZero();
                    }
                }
                first += rows;
            }
            assertThat(cache.length()).isEqualTo(length);
            try (DeviceMatrix input = device(Arrays.copyOfRange(hidden, length - 1, length), 0);
                    DeviceMatrix features = backend.allocate(1, width)) {
                assertThatThrownBy(() -> backend.nextFeatures(cache, 1, input, features))
                        .isInstanceOf(IllegalArgumentException.class);
                // The last token once more, after it was forgotten.
                cache.truncate(length - 1);
                assertThat(cache.length()).isEqualTo(length - 1);
                backend.nextFeatures(cache, 1, input, features);
                expected.get(length - 1).assertMatches(rows(features)[0], "features of the last token again");
            }
            assertThatThrownBy(() -> cache.truncate(length + 1)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> cache.truncate(-1)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    /** What comes at once may be computed in another way than token by token. */
    @ParameterizedTest
    @MethodSource("longSequences")
    void aCachedSequenceMayGoOnForLong(ModuleCase test) {
        int length = test.batch().length();
        Approximation[] hidden = hidden(length, test.spec().hiddenSize(), 44);
        ModuleWeights weights = new RandomWeights(arena, test.type(), 45).module(test.spec());
        List<Approximation> expected =
                reference().features(test.spec(), weights, test.units(), test.batch(), List.of(hidden));
        try (LoadedModule module = backend.load(test.spec(), weights);
                KeyValueCache cache = backend.keyValueCache(module, test.units(), length)) {
            for (int first = 0, rows = 5; first < length; first += rows, rows = length - first) {
                try (DeviceMatrix input = device(Arrays.copyOfRange(hidden, first, first + rows), 0);
                        DeviceMatrix features =
                                backend.allocate(rows, test.spec().features(test.units()))) {
                    backend.nextFeatures(cache, rows, input, features);
                    assertRows(expected.subList(first, first + rows), rows(features), "features from " + first);
                }
            }
        }
    }

    static Stream<ModuleCase> longSequences() {
        return Stream.of(
                attention(RMS, 40, 36, 2, 2, 18, 0, true, DataType.BF16, 1, 1, 605),
                attention(LAYER, 24, 8, 2, 3, 0, 270, true, DataType.F32, 2, 1, 560),
                valueChannels(attention(RMS, 40, 40, 2, 2, 20, 0, true, DataType.BF16, 21, 1, 530)));
    }

    @Test
    void onlyAttentionHasACache() {
        ModuleCase test = mlp(RMS, 4, 3, true, Activation.SILU, false, DataType.F32, 3, 1, 2);
        try (LoadedModule module =
                backend.load(test.spec(), new RandomWeights(arena, DataType.F32, 42).module(test.spec()))) {
            assertThatThrownBy(() -> backend.keyValueCache(module, 1, 5)).isInstanceOf(IllegalArgumentException.class);
        }
        ModuleCase attention = attention(RMS, 8, 4, 2, 1, 2, 0, false, DataType.F32, 2, 1, 2);
        LoadedModule module =
                backend.load(attention.spec(), new RandomWeights(arena, DataType.F32, 43).module(attention.spec()));
        assertThatThrownBy(() -> backend.keyValueCache(module, 3, 5)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> backend.keyValueCache(module, 1, 0)).isInstanceOf(IllegalArgumentException.class);
        KeyValueCache cache = backend.keyValueCache(module, 1, 5);
        module.close();
        try (DeviceMatrix input = backend.allocate(1, 8);
                DeviceMatrix features = backend.allocate(1, 8)) {
            assertThatThrownBy(() -> backend.nextFeatures(cache, 1, input, features))
                    .isInstanceOf(IllegalStateException.class);
        }
        cache.close();
    }

    @ParameterizedTest
    @MethodSource("modules")
    void applyDoesFeaturesAndProjection(ModuleCase test) {
        Approximation[] hidden = hidden(test.batch().rows(), test.spec().hiddenSize(), 8);
        ModuleWeights weights = new RandomWeights(arena, test.type(), 9).module(test.spec());
        List<Approximation> features =
                reference().features(test.spec(), weights, test.units(), test.batch(), List.of(hidden));
        List<Approximation> expected =
                reference().project(test.spec(), weights.norm(), weights.output(), features, List.of(hidden));
        try (LoadedModule module = backend.load(test.spec(), weights)) {
            assertRows(expected, apply(backend, module, test.units(), test.batch(), hidden), "hidden state");
        }
    }

    @ParameterizedTest
    @MethodSource("modules")
    void leadingUnitsAreTheWholeModuleWithTheOthersMasked(ModuleCase test) {
        Approximation[] hidden = hidden(test.batch().rows(), test.spec().hiddenSize(), 10);
        ModuleWeights weights = new RandomWeights(arena, test.type(), 11).module(test.spec());
        int units = test.spec().units();
        float[][] sliced;
        float[][] masked;
        try (LoadedModule module = backend.load(test.spec(), weights)) {
            sliced = apply(backend, module, test.units(), test.batch(), hidden);
        }
        List<Approximation> features = reference().features(test.spec(), weights, units, test.batch(), List.of(hidden));
        Matrix output = weights.output().weight();
        for (int row = 0; row < output.rows(); row++) {
            for (int column = test.spec().features(test.units()); column < output.columns(); column++) {
                output.set(row, column, 0);
            }
        }
        try (LoadedModule module = backend.load(test.spec(), weights)) {
            masked = apply(backend, module, units, test.batch(), hidden);
        }
        List<Approximation> expected =
                reference().project(test.spec(), weights.norm(), weights.output(), features, List.of(hidden));
        assertRows(expected, sliced, "hidden state of the slice");
        assertRows(expected, masked, "hidden state of the masked module");
    }

    @ParameterizedTest
    @MethodSource("modules")
    void aSequenceDoesNotDependOnItsBatch(ModuleCase test) {
        int length = test.batch().length();
        var batch = new BatchShape(2, length);
        Approximation[] hidden = hidden(batch.rows(), test.spec().hiddenSize(), 12);
        ModuleWeights weights = new RandomWeights(arena, test.type(), 13).module(test.spec());
        List<Approximation> features = reference().features(test.spec(), weights, test.units(), batch, List.of(hidden));
        List<Approximation> expected =
                reference().project(test.spec(), weights.norm(), weights.output(), features, List.of(hidden));
        try (LoadedModule module = backend.load(test.spec(), weights)) {
            assertRows(expected, apply(backend, module, test.units(), batch, hidden), "two sequences together");
            Approximation[] last = Arrays.copyOfRange(hidden, length, hidden.length);
            float[][] alone = apply(backend, module, test.units(), new BatchShape(1, length), last);
            assertRows(expected.subList(length, hidden.length), alone, "the last sequence alone");
        }
    }

    @ParameterizedTest
    @MethodSource("modules")
    void magnitudesOfTheOutputMapAreItsColumnSums(ModuleCase test) {
        ModuleWeights weights = new RandomWeights(arena, test.type(), 34).module(test.spec());
        Matrix output = weights.output().weight();
        output.set(0, 0, -Math.abs(output.get(0, 0)));
        try (LoadedModule module = backend.load(test.spec(), weights)) {
            backend.outputMagnitudes(module).ifPresent(magnitudes -> {
                double[] expected = ColumnMagnitudes.of(output);
                assertThat(magnitudes).hasSameSizeAs(expected);
                for (int column = 0; column < expected.length; column++) {
                    assertThat(magnitudes[column]).isCloseTo(expected[column], within(0x1p-16 * expected[column]));
                }
            });
        }
        output.set(output.rows() - 1, 0, Float.NaN);
        try (LoadedModule module = backend.load(test.spec(), weights)) {
            backend.outputMagnitudes(module)
                    .ifPresent(magnitudes -> assertThat(magnitudes[0]).isNaN());
        }
    }

    @Test
    void aModuleMayBeLoadedWhileAnotherComputes() {
        assumeTrue(backend.loadsWhileComputing(), "loads when it does not compute");
        ModuleCase attention = attention(RMS, 96, 32, 3, 2, 16, 0, true, DataType.BF16, 2, 1, 60);
        ModuleCase mlp = mlp(RMS, 96, 700, true, Activation.SILU, true, DataType.F16, 650, 1, 60);
        Approximation[] hidden = hidden(60, 96, 31);
        try (Arena shared = Arena.ofShared();
                ExecutorService loader = Executors.newSingleThreadExecutor()) {
            ModuleWeights attentionWeights = new RandomWeights(shared, DataType.BF16, 32).module(attention.spec());
            ModuleWeights mlpWeights = new RandomWeights(shared, DataType.F16, 33).module(mlp.spec());
            try (LoadedModule computing = backend.load(attention.spec(), attentionWeights);
                    LoadedModule before = backend.load(mlp.spec(), mlpWeights)) {
                float[][] expected = apply(backend, computing, 2, attention.batch(), hidden);
                float[][] expectedLater = apply(backend, before, 650, mlp.batch(), hidden);
                for (int i = 0; i < 3; i++) {
                    Future<LoadedModule> loading = loader.submit(() -> backend.load(mlp.spec(), mlpWeights));
                    do {
                        assertThat(apply(backend, computing, 2, attention.batch(), hidden))
                                .isDeepEqualTo(expected);
                    } while (!loading.isDone());
                    try (LoadedModule loaded = loading.resultNow()) {
                        assertThat(apply(backend, loaded, 650, mlp.batch(), hidden))
                                .isDeepEqualTo(expectedLater);
                    }
                }
            }
        }
    }

    @Test
    void theSameTwiceIsTheSameBitByBit() {
        ModuleCase test = mlp(RMS, 70, 331, true, Activation.SILU, true, DataType.F32, 277, 3, 50);
        ModuleWeights weights = new RandomWeights(arena, test.type(), 65).module(test.spec());
        Approximation[] hidden = hidden(150, 70, 66);
        try (LoadedModule module = backend.load(test.spec(), weights);
                ComputeBackend other = open(2);
                LoadedModule again = other.load(test.spec(), weights)) {
            float[][] first = apply(backend, module, 277, test.batch(), hidden);
            apply(backend, module, 331, test.batch(), hidden);
            assertThat(apply(backend, module, 277, test.batch(), hidden)).isDeepEqualTo(first);
            assertThat(apply(other, again, 277, test.batch(), hidden)).isDeepEqualTo(first);
        }
    }

    @Test
    void resultsDoNotDependOnTheNumberOfThreads() {
        ModuleCase attention = attention(RMS, 96, 32, 3, 2, 16, 0, false, DataType.BF16, 2, 3, 180);
        ModuleCase channels = valueChannels(attention(RMS, 96, 32, 3, 2, 16, 0, false, DataType.BF16, 23, 3, 180));
        ModuleCase mlp = mlp(RMS, 96, 700, true, Activation.SILU, false, DataType.BF16, 650, 3, 180);
        HeadWeights head = new RandomWeights(arena, DataType.BF16, 14).head(RMS, 1500, 96, false);
        ModuleWeights attentionWeights = new RandomWeights(arena, DataType.BF16, 15).module(attention.spec());
        ModuleWeights channelWeights = new RandomWeights(arena, DataType.BF16, 19).module(channels.spec());
        ModuleWeights mlpWeights = new RandomWeights(arena, DataType.BF16, 16).module(mlp.spec());
        Approximation[] hidden = hidden(540, 96, 17);
        int[] targets = new SplittableRandom(18).ints(540, 0, 1500).toArray();
        var results = new ArrayList<List<Object>>();
        for (int threads = 1; threads <= 3; threads++) {
            try (ComputeBackend opened = open(threads);
                    LoadedModule first = opened.load(attention.spec(), attentionWeights);
                    LoadedModule second = opened.load(mlp.spec(), mlpWeights);
                    LoadedModule third = opened.load(channels.spec(), channelWeights);
                    LoadedHead loadedHead = opened.loadHead(head);
                    DeviceMatrix state = device(opened, hidden, 0);
                    Moments gram = opened.moments(Moment.GRAM, 90, 90)) {
                float[][] attended = apply(opened, first, attention.units(), attention.batch(), hidden);
                float[][] fed = apply(opened, second, mlp.units(), mlp.batch(), hidden);
                float[][] narrowed = apply(opened, third, channels.units(), channels.batch(), hidden);
                float[][] together = apply(opened, third, channels.units(), new BatchShape(1, 540), hidden);
                var likelihoods = new double[targets.length];
                opened.logLikelihood(loadedHead, state, targets, likelihoods);
                gram.add(state, state, 540);
                results.add(List.of(attended, fed, narrowed, together, likelihoods, values(gram.read(arena))));
            }
        }
        for (int threads = 2; threads <= 3; threads++) {
            for (int i = 0; i < results.getFirst().size(); i++) {
                assertThat(results.get(threads - 1).get(i))
                        .as("result %d with %d threads", i, threads)
                        .matches(sameAs(results.getFirst().get(i)));
            }
        }
    }

    private static Predicate<Object> sameAs(Object expected) {
        return actual -> Arrays.deepEquals(new Object[] {expected}, new Object[] {actual});
    }

    @ParameterizedTest
    @MethodSource("modules")
    void aReplacedMapServesTheLeadingUnitsAndTheRestStays(ModuleCase test) {
        ModuleSpec spec = test.spec();
        ModuleWeights weights = new RandomWeights(arena, test.type(), 22).module(spec);
        for (MapShape shape : spec.withUnits(test.units()).maps()) {
            MapRole role = shape.role();
            var random = new RandomWeights(arena, DataType.F32, 23);
            Linear replacement = random.linear(shape.rows(), shape.columns(), shape.bias());
            ModuleWeights expected = weights.with(Map.of(role, merged(weights.map(role), replacement)));
            try (LoadedModule module = backend.load(spec, weights)) {
                backend.replace(module, role, replacement);
                assertComputes(module, expected, test.units(), test.batch(), role + ", leading units");
                assertComputes(module, expected, spec.units(), test.batch(), role + ", all units");

                // Without a bias, the one that is there stays; what comes after the replaced part stays, too.
                MapShape one = spec.withUnits(1).map(role);
                Matrix narrow = replacement.weight().leadingRows(one.rows()).leadingColumns(one.columns());
                backend.replace(module, role, Linear.of(narrow));
                assertComputes(module, expected, spec.units(), test.batch(), role + ", the same again");
            }
        }
    }

    /** A map with its leading rows and columns, and biases, replaced. */
    private Linear merged(Linear map, Linear replacement) {
        Matrix bias = map.bias();
        Matrix replacedBias = replacement.bias();
        return new Linear(
                merged(map.weight(), replacement.weight()),
                bias == null || replacedBias == null ? null : merged(bias, replacedBias));
    }

    private Matrix merged(Matrix matrix, Matrix replacement) {
        Matrix merged = Matrix.allocate(arena, DataType.F32, matrix.rows(), matrix.columns());
        for (int row = 0; row < matrix.rows(); row++) {
            for (int column = 0; column < matrix.columns(); column++) {
                boolean replaced = row < replacement.rows() && column < replacement.columns();
                merged.set(row, column, (replaced ? replacement : matrix).get(row, column));
            }
        }
        return merged;
    }

    /** Compares what a module does with a few tokens. */
    private void assertComputes(LoadedModule module, ModuleWeights weights, int units, BatchShape whole, String what) {
        ModuleSpec spec = module.spec();
        var batch = new BatchShape(1, Math.min(whole.length(), 40));
        Approximation[] hidden = hidden(batch.rows(), spec.hiddenSize(), 21);
        List<Approximation> features = reference().features(spec, weights, units, batch, List.of(hidden));
        List<Approximation> expected =
                reference().project(spec, weights.norm(), weights.output(), features, List.of(hidden));
        assertRows(expected, apply(backend, module, units, batch, hidden), what);
    }

    @ParameterizedTest
    @MethodSource("modules")
    void theInputIsTheNormalisedHiddenStateIfThatComesBefore(ModuleCase test) {
        int rows = test.batch().rows();
        int width = test.spec().hiddenSize();
        Approximation[] hidden = hidden(rows, width, 35);
        ModuleWeights weights = new RandomWeights(arena, test.type(), 36).module(test.spec());
        try (LoadedModule module = backend.load(test.spec(), weights);
                DeviceMatrix state = device(hidden, 1);
                DeviceMatrix target = backend.allocate(rows + 1, width + 2)) {
            float[][] untouched = rows(new RandomWeights(arena, DataType.F32, 37).matrix(rows + 1, width + 2, 1));
            write(untouched, target);
            backend.input(module, rows, state, target);
            float[][] actual = rows(target);
            for (int row = 0; row < rows; row++) {
                DoublePrecisionReference.input(test.spec(), weights.norm(), hidden[row])
                        .assertMatches(Arrays.copyOf(actual[row], width), "input of row " + row);
                assertThat(Arrays.copyOfRange(actual[row], width, width + 2))
                        .as("columns after the input")
                        .isEqualTo(Arrays.copyOfRange(untouched[row], width, width + 2));
            }
            assertThat(actual[rows]).as("the row after the last").isEqualTo(untouched[rows]);
        }
    }

    @Test
    void notFiniteWeightsDoNotGoUnnoticed() {
        for (ModuleCase test : modules().toList()) {
            ModuleWeights weights = new RandomWeights(arena, test.type(), 24).module(test.spec());
            weights.inputs().getLast().weight().set(0, 0, Float.NaN);
            try (LoadedModule module = backend.load(test.spec(), weights)) {
                float[][] result = apply(
                        backend,
                        module,
                        test.units(),
                        test.batch(),
                        hidden(test.batch().rows(), test.spec().hiddenSize(), 25));
                assertThat(result[0]).as("%s", test).contains(Float.NaN);
            }
        }
    }

    /** Vocabulary, hidden size, and tokens. */
    record HeadCase(
            @Nullable Normalization normalization, int vocabulary, int hidden, boolean bias, DataType type, int rows) {}

    static Stream<HeadCase> heads() {
        return Stream.of(
                new HeadCase(RMS, 1, 3, false, DataType.F32, 1),
                new HeadCase(RMS, 7, 16, false, DataType.BF16, 5),
                new HeadCase(LAYER, 129, 33, false, DataType.F16, 70),
                new HeadCase(RMS, 1100, 20, true, DataType.BF16, 41),
                new HeadCase(null, 40, 12, false, DataType.BF16, 9),
                new HeadCase(LAYER, 513, 64, true, DataType.F32, 260));
    }

    @ParameterizedTest
    @MethodSource("heads")
    void likelihoodsAndLogitsMatchTheReference(HeadCase test) {
        HeadWeights weights = new RandomWeights(arena, test.type(), 26)
                .head(test.normalization(), test.vocabulary(), test.hidden(), test.bias());
        Approximation[] hidden = hidden(test.rows(), test.hidden(), 27);
        int[] targets =
                new SplittableRandom(28).ints(test.rows(), 0, test.vocabulary()).toArray();
        targets[0] = test.vocabulary() - 1;
        if (test.rows() > 2) {
            targets[1] = -1;
        }
        try (LoadedHead head = backend.loadHead(weights);
                DeviceMatrix state = device(hidden, 1)) {
            assertThat(head.vocabulary()).isEqualTo(test.vocabulary());
            var result = new double[test.rows()];
            Arrays.fill(result, 99);
            backend.logLikelihood(head, state, targets, result);
            Matrix logits = new RandomWeights(arena, DataType.F32, 29).matrix(test.rows(), test.vocabulary(), 1);
            backend.logits(head, state, 0, logits);
            float[][] actual = rows(logits);
            for (int row = 0; row < test.rows(); row++) {
                reference().logits(weights, hidden[row]).assertMatches(actual[row], "logits of row " + row);
                if (targets[row] < 0) {
                    assertThat(result[row]).isZero();
                } else {
                    reference()
                            .logLikelihood(weights, hidden[row], targets[row])
                            .assertMatches(new float[] {(float) result[row]}, "log-likelihood of row " + row);
                }
            }
            Matrix later = Matrix.allocate(arena, DataType.F32, 1, test.vocabulary());
            backend.logits(head, state, test.rows() - 1, later);
            reference()
                    .logits(weights, hidden[test.rows() - 1])
                    .assertMatches(rows(later)[0], "logits of the last row alone");
        }
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
    void likelihoodIsNanWhereLogitsAreNotFinite(float bad) {
        HeadWeights weights = new RandomWeights(arena, DataType.F32, 30).head(RMS, 700, 16, false);
        weights.head().weight().set(650, 3, bad);
        Approximation[] hidden = hidden(4, 16, 31);
        hidden[2].value()[3] = 0; // 0 · ∞ is NaN too
        try (LoadedHead head = backend.loadHead(weights);
                DeviceMatrix state = device(hidden, 0)) {
            var result = new double[4];
            backend.logLikelihood(head, state, new int[] {1, 650, 2, -1}, result);
            assertThat(result).containsExactly(Double.NaN, Double.NaN, Double.NaN, 0);
        }
    }

    @ParameterizedTest
    @EnumSource
    void momentsAddUpOverBatches(Moment kind) {
        int leftWidth = 270;
        int rightWidth = kind == Moment.CROSS_GRAM ? 31 : leftWidth;
        int[] batches = {1, 600, 0, 37};
        var sums = new double[kind == Moment.SUMS || kind == Moment.SQUARE_SUMS ? 1 : leftWidth][rightWidth];
        var magnitudes = new double[sums.length][rightWidth];
        try (DeviceMatrix left = backend.allocate(601, leftWidth + 5);
                DeviceMatrix right = kind == Moment.CROSS_GRAM ? backend.allocate(600, rightWidth) : left;
                Moments moments = backend.moments(kind, leftWidth, rightWidth)) {
            for (int batch = 0; batch < batches.length; batch++) {
                Matrix y = new RandomWeights(arena, DataType.F32, 32 + batch).matrix(601, leftWidth + 5, 1);
                backend.write(y, left, 0);
                Matrix x = y;
                if (kind == Moment.CROSS_GRAM) {
                    x = new RandomWeights(arena, DataType.F32, 42 + batch).matrix(600, rightWidth, 1);
                    backend.write(x, right, 0);
                }
                moments.add(left, right, batches[batch]);
                addProducts(kind, rows(y), rows(x), batches[batch], sums, magnitudes);
            }
            assertThat(moments.tokens()).isEqualTo(638);
            double[][] actual = values(moments.read(arena));
            for (int i = 0; i < sums.length; i++) {
                for (int j = 0; j < rightWidth; j++) {
                    assertClose(actual[i][j], sums[i][j], (638 + 4) * UNIT * magnitudes[i][j]);
                }
            }
        }
    }

    /** To the bit, and whatever becomes of the sum that they are of. */
    @ParameterizedTest
    @EnumSource
    void sumsAreHandedOverAsTheyAreRead(Moment kind) {
        int leftWidth = 270;
        int rightWidth = kind == Moment.CROSS_GRAM ? 31 : leftWidth;
        try (DeviceMatrix left = backend.allocate(600, leftWidth);
                DeviceMatrix right = kind == Moment.CROSS_GRAM ? backend.allocate(600, rightWidth) : left;
                Arena owner = Arena.ofShared()) {
            backend.write(new RandomWeights(arena, DataType.F32, 34).matrix(600, leftWidth, 1), left, 0);
            if (kind == Moment.CROSS_GRAM) {
                backend.write(new RandomWeights(arena, DataType.F32, 35).matrix(600, rightWidth, 1), right, 0);
            }
            double[][] read;
            DoubleMatrix given;
            try (Moments moments = backend.moments(kind, leftWidth, rightWidth)) {
                moments.add(left, right, 600);
                read = values(moments.read(arena));
                given = moments.handOver(owner);
                assertThatIllegalStateException().isThrownBy(() -> moments.add(left, right, 600));
                assertThatIllegalStateException().isThrownBy(() -> moments.read(arena));
                assertThatIllegalStateException().isThrownBy(() -> moments.handOver(owner));
            }
            assertThat(values(given)).isDeepEqualTo(read);
            given.set(0, 0, 1);
            assertThat(given.get(0, 0)).isOne();
        }
    }

    @Test
    void whatIsOnTheHostIsWhereItIsToldToBe() {
        var taken = new ArrayList<Long>();
        HostMemory memory = (bytes, owner) -> {
            taken.add(bytes);
            return HostMemory.ANONYMOUS.allocate(bytes, owner);
        };
        try (DeviceMatrix matrix = backend.allocate(40, 7, memory);
                DeviceMatrix other = backend.allocate(40, 7);
                Moments moments = backend.moments(Moment.GRAM, 7, 7, memory);
                Moments others = backend.moments(Moment.GRAM, 7, 7)) {
            Matrix rows = new RandomWeights(arena, DataType.F32, 36).matrix(40, 7, 1);
            backend.write(rows, matrix, 0);
            backend.write(rows, other, 0);
            moments.add(matrix, matrix, 40);
            others.add(other, other, 40);
            assertThat(values(moments.read(arena))).isDeepEqualTo(values(others.read(arena)));
        }
        List<Long> wanted = List.of(40L * 7 * Float.BYTES, 7L * 7 * Double.BYTES);
        assertThat(taken).isEqualTo(backend.computesInHostMemory() ? wanted : List.of());
    }

    private static void addProducts(
            Moment kind, float[][] y, float[][] x, int rows, double[][] sums, double[][] magnitudes) {
        for (int row = 0; row < rows; row++) {
            for (int i = 0; i < sums.length; i++) {
                for (int j = 0; j < sums[i].length; j++) {
                    double left = switch (kind) {
                        case SUMS -> 1;
                        case SQUARE_SUMS -> x[row][j];
                        case GRAM, CROSS_GRAM -> y[row][i];
                    };
                    sums[i][j] += left * x[row][j];
                    magnitudes[i][j] += Math.abs(left * x[row][j]);
                }
            }
        }
    }

    @Test
    void shapesThatDoNotFitAreNamed() {
        ModuleCase test = mlp(RMS, 8, 12, true, Activation.SILU, false, DataType.F32, 12, 1, 4);
        ModuleWeights weights = new RandomWeights(arena, DataType.F32, 55).module(test.spec());
        HeadWeights headWeights = new RandomWeights(arena, DataType.F32, 56).head(RMS, 9, 8, false);
        ModuleCase twoHeads = attention(RMS, 8, 3, 2, 2, 0, 0, false, DataType.F32, 2, 1, 4);
        ModuleCase threeChannels = valueChannels(twoHeads);
        var batch = new BatchShape(1, 4);
        try (LoadedModule module = backend.load(test.spec(), weights);
                LoadedHead head = backend.loadHead(headWeights);
                DeviceMatrix hidden = backend.allocate(4, 8);
                DeviceMatrix wide = backend.allocate(4, 9);
                DeviceMatrix narrow = backend.allocate(4, 7);
                DeviceMatrix features = backend.allocate(4, 12);
                LoadedModule attention = backend.load(
                        twoHeads.spec(), new RandomWeights(arena, DataType.F32, 59).module(twoHeads.spec()));
                LoadedModule channels = backend.load(
                        threeChannels.spec(), new RandomWeights(arena, DataType.F32, 62).module(threeChannels.spec()));
                Moments moments = backend.moments(Moment.GRAM, 9, 9)) {
            rejected(() -> backend.load(test.spec().withUnits(13), weights), "12 × 8", "13 × 8");
            rejected(() -> backend.write(Matrix.allocate(arena, DataType.F32, 2, 7), hidden, 0), "2 × 7", "4 × 8");
            rejected(() -> backend.write(Matrix.allocate(arena, DataType.F32, 2, 8), hidden, 3), "2 × 8", "4 × 8");
            rejected(() -> backend.read(hidden, 0, Matrix.allocate(arena, DataType.F32, 1, 9)), "1 × 9", "4 × 8");
            rejected(() -> backend.read(hidden, 0, Matrix.allocate(arena, DataType.F16, 1, 8)), "F16");
            rejected(() -> backend.features(module, 13, batch, hidden, features), "13", "12");
            rejected(() -> backend.features(module, 0, batch, hidden, features), "0", "12");
            rejected(() -> backend.features(module, 12, batch, wide, features), "4 × 9", "4 × 8");
            rejected(() -> backend.features(module, 12, new BatchShape(1, 5), hidden, features), "4 × 8", "5 × 8");
            rejected(() -> backend.features(module, 12, batch, hidden, wide), "4 × 9", "4 × 12");
            rejected(() -> backend.project(module, 12, 4, wide, hidden), "4 × 9", "4 × 12");
            rejected(() -> backend.apply(module, 12, batch, hidden, wide), "4 × 9", "4 × 12");
            rejected(() -> backend.replace(module, MapRole.MLP_OUTPUT, map(8, 13, false)), "8 × 13", "8 × 12");
            rejected(() -> backend.replace(module, MapRole.MLP_OUTPUT, map(7, 12, false)), "7 × 12", "8 × 12");
            rejected(() -> backend.replace(module, MapRole.UP, map(13, 8, false)), "13 × 8", "12 × 8");
            rejected(() -> backend.replace(module, MapRole.UP, map(12, 7, false)), "12 × 7", "12 × 8");
            rejected(() -> backend.replace(module, MapRole.GATE, map(12, 8, true)), "gate", "no bias");
            rejected(() -> backend.replace(module, MapRole.QUERY, map(8, 8, false)), "QUERY");
            rejected(() -> backend.replace(attention, MapRole.QUERY, map(5, 8, false)), "5 × 8", "12 × 8", "6 rows");
            rejected(() -> backend.replace(attention, MapRole.KEY, map(4, 8, false)), "4 × 8", "6 × 8", "3 rows");
            rejected(() -> backend.replace(channels, MapRole.VALUE, map(3, 8, false)), "3 × 8", "6 × 8", "2 rows");
            rejected(() -> backend.replace(channels, MapRole.KEY, map(3, 8, false)), "3 × 8", "6 × 8");
            rejected(() -> backend.replace(channels, MapRole.ATTENTION_OUTPUT, map(8, 6, false)), "8 × 6", "4 columns");
            rejected(() -> backend.features(channels, 4, batch, hidden, features), "4", "3");
            rejected(() -> backend.input(module, 4, wide, features), "4 × 9", "4 × 8");
            rejected(() -> backend.input(module, 5, hidden, features), "4 × 8", "5 × 8");
            rejected(() -> backend.input(attention, 4, hidden, narrow), "4 × 7", "4 × 8");
            rejected(() -> backend.input(module, 4, hidden, hidden), "same matrix");
            rejected(() -> backend.logLikelihood(head, wide, new int[1], new double[1]), "4 × 9", "9 × 8");
            rejected(() -> backend.logLikelihood(head, hidden, new int[5], new double[5]), "5", "4 × 8");
            rejected(() -> backend.logLikelihood(head, hidden, new int[] {9}, new double[1]), "9");
            rejected(() -> backend.logits(head, hidden, 0, Matrix.allocate(arena, DataType.F32, 1, 8)), "1 × 8", "9");
            rejected(() -> moments.add(hidden, hidden, 4), "4 × 8", "4 × 9");
            rejected(() -> moments.add(wide, wide, 5), "4 × 9", "5 × 9");
        }
    }

    private Linear map(int rows, int columns, boolean bias) {
        return new RandomWeights(arena, DataType.F32, 60).linear(rows, columns, bias);
    }

    @Test
    void objectsOfAnotherBackendAreRefused() {
        ModuleCase test = mlp(RMS, 8, 12, true, Activation.SILU, false, DataType.F32, 12, 1, 4);
        try (ComputeBackend other = open(1);
                LoadedModule module =
                        backend.load(test.spec(), new RandomWeights(arena, DataType.F32, 61).module(test.spec()));
                DeviceMatrix hidden = backend.allocate(4, 8);
                DeviceMatrix features = backend.allocate(4, 12);
                DeviceMatrix foreign = other.allocate(4, 12);
                Moments moments = backend.moments(Moment.GRAM, 8, 8)) {
            rejected(() -> other.apply(module, 12, test.batch(), hidden, foreign), "another backend");
            rejected(() -> backend.apply(module, 12, test.batch(), hidden, foreign), "another backend");
            rejected(() -> moments.add(foreign, foreign, 4), "another backend");
            backend.apply(module, 12, test.batch(), hidden, features);
        }
    }

    private static void rejected(Runnable call, String... named) {
        assertThatIllegalArgumentException()
                .isThrownBy(call::run)
                .satisfies(e -> assertThat(e.getMessage()).contains(named));
    }

    @Test
    void nothingWorksAfterItsEnd() {
        ModuleCase test = mlp(RMS, 8, 12, true, Activation.SILU, false, DataType.F32, 12, 1, 4);
        ModuleWeights weights = new RandomWeights(arena, DataType.F32, 57).module(test.spec());
        var batch = new BatchShape(1, 4);
        HeadWeights headWeights = new RandomWeights(arena, DataType.F32, 58).head(RMS, 9, 8, false);
        LoadedModule module = backend.load(test.spec(), weights);
        LoadedHead head = backend.loadHead(headWeights);
        DeviceMatrix hidden = backend.allocate(4, 8);
        DeviceMatrix features = backend.allocate(4, 12);
        Moments moments = backend.moments(Moment.GRAM, 8, 8);
        LoadedModule closedModule = backend.load(test.spec(), weights);
        closedModule.close();
        closedModule.close();
        LoadedHead closedHead = backend.loadHead(headWeights);
        closedHead.close();
        DeviceMatrix closedMatrix = backend.allocate(4, 12);
        closedMatrix.close();
        closedMatrix.close();
        Moments closedMoments = backend.moments(Moment.GRAM, 8, 8);
        closedMoments.close();

        ended(() -> backend.features(closedModule, 12, batch, hidden, features));
        ended(() -> backend.features(module, 12, batch, hidden, closedMatrix));
        ended(() -> backend.logLikelihood(closedHead, hidden, new int[1], new double[1]));
        ended(() -> closedMoments.add(hidden, hidden, 1));

        module.close();
        head.close();
        moments.close();
        hidden.close();
        features.close();
        backend.close();
        backend.close();
        ended(() -> backend.allocate(1, 1));
        ended(() -> backend.load(test.spec(), weights));
        ended(() -> backend.loadHead(headWeights));
        ended(() -> backend.moments(Moment.GRAM, 1, 1));
    }

    private static void ended(Runnable call) {
        assertThatIllegalStateException().isThrownBy(call::run);
    }

    private float[][] apply(
            ComputeBackend on, LoadedModule module, int units, BatchShape batch, Approximation[] hidden) {
        try (DeviceMatrix state = device(on, hidden, 0);
                DeviceMatrix scratch = on.allocate(hidden.length, module.spec().features(units))) {
            on.apply(module, units, batch, state, scratch);
            return rows(on, state);
        }
    }

    /** Hidden states as they are after some layers: of different sizes, and not centred. */
    private static Approximation[] hidden(int rows, int columns, long seed) {
        var random = new SplittableRandom(seed);
        var hidden = new Approximation[rows];
        for (int row = 0; row < rows; row++) {
            var values = new float[columns];
            for (int column = 0; column < columns; column++) {
                values[column] = (float) (2 * random.nextGaussian() + 0.2);
            }
            hidden[row] = exact(values);
        }
        return hidden;
    }

    private static Approximation exact(float[] values) {
        return Approximation.exactly(
                IntStream.range(0, values.length).mapToDouble(i -> values[i]).toArray());
    }

    private DeviceMatrix device(Approximation[] rows, int moreRows) {
        return device(backend, rows, moreRows);
    }

    private DeviceMatrix device(ComputeBackend on, Approximation[] rows, int moreRows) {
        DeviceMatrix matrix = on.allocate(rows.length + moreRows, rows[0].length());
        Matrix source = Matrix.allocate(arena, DataType.F32, rows.length, rows[0].length());
        for (int row = 0; row < rows.length; row++) {
            for (int column = 0; column < rows[0].length(); column++) {
                source.set(row, column, (float) rows[row].value()[column]);
            }
        }
        on.write(source, matrix, 0);
        return matrix;
    }

    private void write(float[][] rows, DeviceMatrix matrix) {
        Matrix source = Matrix.allocate(arena, DataType.F32, rows.length, rows[0].length);
        for (int row = 0; row < rows.length; row++) {
            for (int column = 0; column < rows[0].length; column++) {
                source.set(row, column, rows[row][column]);
            }
        }
        backend.write(source, matrix, 0);
    }

    private float[][] rows(DeviceMatrix matrix) {
        return rows(backend, matrix);
    }

    private float[][] rows(ComputeBackend on, DeviceMatrix matrix) {
        Matrix copy = Matrix.allocate(arena, DataType.F32, matrix.rows(), matrix.columns());
        on.read(matrix, 0, copy);
        return rows(copy);
    }

    private static float[][] rows(Matrix matrix) {
        var rows = new float[matrix.rows()][matrix.columns()];
        for (int row = 0; row < matrix.rows(); row++) {
            for (int column = 0; column < matrix.columns(); column++) {
                rows[row][column] = matrix.get(row, column);
            }
        }
        return rows;
    }

    private static double[][] values(DoubleMatrix matrix) {
        var values = new double[matrix.rows()][matrix.columns()];
        for (int row = 0; row < matrix.rows(); row++) {
            for (int column = 0; column < matrix.columns(); column++) {
                values[row][column] = matrix.get(row, column);
            }
        }
        return values;
    }

    /** Millions of these would take long with a fluent assertion each. */
    private static void assertClose(double actual, double expected, double bound) {
        if (!(Math.abs(actual - expected) <= bound)) {
            throw new AssertionError(actual + " should be " + expected + " ± " + bound);
        }
    }

    private static void assertRows(List<Approximation> expected, float[][] actual, String what) {
        for (int row = 0; row < expected.size(); row++) {
            expected.get(row).assertMatches(actual[row], what + ", row " + row);
        }
    }
}
