package io.fastforward.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.fastforward.spi.measure.Measured;
import io.fastforward.spi.measure.ModuleView;
import io.fastforward.spi.measure.Tap;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.model.Activation;
import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.AttentionUnit;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.model.MlpSpec;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.model.NormWeights;
import io.fastforward.spi.model.Normalization;
import io.fastforward.spi.prune.Criterion;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.DoubleMatrix;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What every {@link Criterion} and its provider must do. A provider's test extends it and adds what is its own. */
public abstract class CriterionContract extends PluginContract<Criterion.Provider> {

    private static final Normalization NORMALIZATION = new Normalization(Normalization.Kind.RMS, 1e-5);
    private static final int LAYER = 17;
    private static final int TOKENS = 37;

    /** Memory of the modules of one test. */
    protected final Arena arena = Arena.ofConfined();

    private final SplittableRandom random = new SplittableRandom(20);

    /** For the test of one provider. */
    protected CriterionContract() {
        super(Criterion.Provider.class);
    }

    /** The criterion under test, with the defaults of its options. */
    protected final Criterion criterion() {
        return criterion(Map.of());
    }

    /** The criterion under test, with some options. */
    protected final Criterion criterion(Map<String, String> given) {
        return provider().create(options(given));
    }

    /** Whether scores come from the weights; those of a random criterion come from the place of the module alone. */
    protected boolean looksAtWeights() {
        return true;
    }

    /** What the criterion under test makes of a module that is likely to keep half of its units. */
    protected final double[] score(ModuleView module) {
        return score(criterion(), module, half(module.spec()));
    }

    /** What a criterion makes of a module that is likely to keep some of its units. */
    protected final double[] score(Criterion scoring, ModuleView module, int kept) {
        return scoring.score(module, kept, new PlainWorkbench(new PlainLinearAlgebra(), arena, Map.of()));
    }

    private static int half(ModuleSpec spec) {
        return Math.ceilDiv(spec.units(), 2);
    }

    @AfterEach
    final void freeModules() {
        arena.close();
    }

    /** Modules of sizes 1, odd, with several query heads a KV group, and with units of every kind. */
    protected static Stream<ModuleSpec> specs() {
        return Stream.of(
                mlp(1, 1),
                mlp(3, 1),
                mlp(1, 7),
                mlp(33, 129),
                attention(5, 1, 1, 1),
                attention(7, 3, 2, 5),
                attention(7, 3, 4, 5).withUnit(AttentionUnit.QUERY_HEAD),
                attention(7, 3, 4, 5).withUnit(AttentionUnit.VALUE_CHANNEL),
                attention(7, 3, 4, 5).withValueSize(2));
    }

    /** A gated MLP. */
    protected static MlpSpec mlp(int hidden, int channels) {
        return new MlpSpec(NORMALIZATION, hidden, channels, true, Activation.SILU, false, false);
    }

    /** An attention module without positions and biases. */
    protected static AttentionSpec attention(int hidden, int headSize, int queriesPerGroup, int groups) {
        return new AttentionSpec(NORMALIZATION, hidden, headSize, groups, queriesPerGroup, null, 0, false, false);
    }

    /** A module with random weights, and what the criterion wishes to know. */
    protected final ModuleView module(ModuleSpec spec, DataType type) {
        return module(spec, randomMatrix(type, spec.hiddenSize(), spec.features(spec.units())));
    }

    /** A module with random input maps, the given output map, and what the criterion wishes to know of random rows. */
    protected final ModuleView module(ModuleSpec spec, Matrix output) {
        Map<Tap, double[][]> rows =
                Map.of(Tap.INPUT, rows(spec.hiddenSize()), Tap.FEATURES, rows(spec.features(spec.units())));
        return module(spec, output, new Sums(rows, rows).measured(criterion().wishes(), arena));
    }

    /** A module with random input maps and the given output map and measures. */
    protected final ModuleView module(ModuleSpec spec, Matrix output, Measured measured) {
        return new ModuleView(LAYER, spec, weights(spec, output), measured);
    }

    private double[][] rows(int width) {
        double[][] rows = new double[TOKENS][width];
        for (double[] row : rows) {
            Arrays.setAll(row, j -> (j % 3 + 0.1) * random.nextGaussian());
        }
        return rows;
    }

    private ModuleWeights weights(ModuleSpec spec, Matrix output) {
        var norm = new NormWeights(randomMatrix(DataType.F32, 1, spec.hiddenSize()), null);
        var maps = new LinkedHashMap<MapRole, Linear>();
        spec.maps()
                .forEach(map -> maps.put(
                        map.role(),
                        Linear.of(
                                map.role().isOutput()
                                        ? output
                                        : randomMatrix(DataType.F32, map.rows(), map.columns()))));
        return new ModuleWeights(norm, maps);
    }

    /** A matrix of normal numbers with a gap between its rows. */
    protected final Matrix randomMatrix(DataType type, int rows, int columns) {
        Matrix matrix = Matrix.allocate(arena, type, rows, columns + 3).leadingColumns(columns);
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                matrix.set(i, j, (float) random.nextGaussian());
            }
        }
        return matrix;
    }

    @ParameterizedTest
    @MethodSource("specs")
    final void thereIsOneNumberForEveryPart(ModuleSpec spec) {
        for (DataType type : DataType.values()) {
            ModuleView module = module(spec, type);
            for (int kept : new int[] {1, half(spec), spec.units()}) {
                double[] scores = score(criterion(), module, kept);
                assertThat(scores).hasSize(spec.parts());
                assertThat(Arrays.stream(scores).allMatch(Double::isFinite)).isTrue();
            }
        }
    }

    @ParameterizedTest
    @MethodSource("specs")
    final void whatItTakesIsANumber(ModuleSpec spec) {
        assertThat(criterion().multiplyAdds(spec)).isNotNegative().isFinite();
    }

    @ParameterizedTest
    @MethodSource("specs")
    final void itIsPure(ModuleSpec spec) {
        ModuleView module = module(spec, DataType.F32);
        byte[] weights = module.weights().output().weight().data().toArray(ValueLayout.JAVA_BYTE);

        double[] first = score(module);

        assertThat(score(module)).containsExactly(first);
        assertThat(module.weights().output().weight().data().toArray(ValueLayout.JAVA_BYTE))
                .isEqualTo(weights);
    }

    /** What says that it does not look at how many units are kept gives the same scores for any number of them. */
    @ParameterizedTest
    @MethodSource("specs")
    final void scoresDependOnTheUnitsKeptOnlyWhereItSaysSo(ModuleSpec spec) {
        assumeThat(criterion().dependsOnKept()).isFalse();
        ModuleView module = module(spec, DataType.F32);
        double[] expected = score(criterion(), module, spec.units());
        for (int kept = 1; kept < spec.units(); kept++) {
            assertThat(score(criterion(), module, kept)).containsExactly(expected);
        }
    }

    @Test
    final void theOrderOfUnitsDoesNotMatter() {
        assumeThat(looksAtWeights()).isTrue();
        AttentionSpec spec = attention(7, 3, 2, 5);
        int width = spec.featuresPerUnit();
        ModuleView module = module(spec, DataType.F32);
        int[] order = {3, 0, 4, 1, 2};
        int[] columns = Arrays.stream(order)
                .flatMap(unit -> IntStream.range(unit * width, (unit + 1) * width))
                .toArray();
        int[] headRows = Arrays.stream(order)
                .flatMap(unit -> IntStream.range(unit * spec.headSize(), (unit + 1) * spec.headSize()))
                .toArray();
        ModuleWeights weights = module.weights();
        var permuted = ModuleWeights.ofAttention(
                weights.norm(),
                permuteRows(weights.map(MapRole.QUERY), columns),
                permuteRows(weights.map(MapRole.KEY), headRows),
                permuteRows(weights.map(MapRole.VALUE), headRows),
                Linear.of(permuteColumns(weights.output().weight(), columns)));

        double[] scores = score(module);
        double[] permutedScores = score(new ModuleView(LAYER, spec, permuted, permute(module.measured(), columns)));

        for (int i = 0; i < order.length; i++) {
            assertThat(permutedScores[i]).isCloseTo(scores[order[i]], within(1e-9 * Math.abs(scores[order[i]])));
        }
    }

    private Linear permuteRows(Linear map, int[] rows) {
        Matrix source = map.weight();
        Matrix target = Matrix.allocate(arena, source.type(), source.rows(), source.columns());
        for (int i = 0; i < rows.length; i++) {
            for (int j = 0; j < source.columns(); j++) {
                target.set(i, j, source.get(rows[i], j));
            }
        }
        return Linear.of(target);
    }

    private Matrix permuteColumns(Matrix source, int[] columns) {
        Matrix target = Matrix.allocate(arena, source.type(), source.rows(), source.columns());
        for (int i = 0; i < source.rows(); i++) {
            for (int j = 0; j < columns.length; j++) {
                target.set(i, j, source.get(i, columns[j]));
            }
        }
        return target;
    }

    private Measured permute(Measured measured, int[] columns) {
        Map<Wish, DoubleMatrix> permuted = new HashMap<>();
        measured.moments()
                .forEach((wish, moment) ->
                        permuted.put(wish, wish.tap() == Tap.FEATURES ? permute(moment, columns) : moment));
        return new Measured(measured.tokens(), permuted);
    }

    private DoubleMatrix permute(DoubleMatrix moment, int[] columns) {
        DoubleMatrix target = DoubleMatrix.allocate(arena, moment.rows(), moment.columns());
        for (int i = 0; i < moment.rows(); i++) {
            for (int j = 0; j < columns.length; j++) {
                target.set(i, j, moment.get(moment.rows() == 1 ? 0 : columns[i], columns[j]));
            }
        }
        return target;
    }

    @ParameterizedTest
    @EnumSource(DataType.class)
    final void weightsThatAreNotFiniteAreRefusedByPlace(DataType type) {
        assumeThat(looksAtWeights()).isTrue();
        for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            ModuleView attention = module(attention(7, 3, 2, 5), type);
            attention.weights().output().weight().set(6, 29, bad);
            assertRefused(attention, List.of("layer 17", "attention", "weight"));

            ModuleView mlp = module(mlp(3, 5), type);
            mlp.weights().output().weight().set(0, 4, bad);
            assertRefused(mlp, List.of("layer 17", "MLP", "weight"));
        }
    }

    @Test
    final void whatIsNotFiniteIsRefusedByPlace() {
        for (double bad : new double[] {Double.NaN, Double.POSITIVE_INFINITY}) {
            for (Wish wish : criterion().wishes()) {
                ModuleView module = module(mlp(3, 5), DataType.F32);
                DoubleMatrix moment = module.measured().get(wish);
                moment.set(moment.rows() - 1, moment.columns() - 1, bad);
                assertRefused(module, List.of("layer 17", "MLP"));
            }
        }
    }

    private void assertRefused(ModuleView module, List<String> place) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> score(module))
                .withMessageContainingAll(place.toArray(String[]::new));
    }
}
