package io.fastforward.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.fastforward.spi.measure.MapView;
import io.fastforward.spi.measure.Measured;
import io.fastforward.spi.measure.Tap;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.model.MapShape;
import io.fastforward.spi.prune.Pattern;
import io.fastforward.spi.prune.Sparsifier;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What every {@link Sparsifier} and its provider must do. A provider's test extends it and adds what is its own. */
public abstract class SparsifierContract extends PluginContract<Sparsifier.Provider> {

    private static final int TOKENS = 37;

    /** Memory of one test. */
    protected final Arena arena = Arena.ofConfined();

    private final SplittableRandom random = new SplittableRandom(20);

    /** For the test of one provider. */
    protected SparsifierContract() {
        super(Sparsifier.Provider.class);
    }

    @AfterEach
    final void freeMemory() {
        arena.close();
    }

    /** A shape, and what is asked for. */
    public record Sizes(int rows, int columns, String pattern) {}

    /** Maps of sizes 1, odd, and of one or several groups. */
    protected static Stream<Sizes> sizes() {
        return Stream.of(
                new Sizes(1, 1, "0.5"),
                new Sizes(3, 7, "0.5"),
                new Sizes(5, 129, "0.25"),
                new Sizes(7, 33, "0.9"),
                new Sizes(1, 4, "2:4"),
                new Sizes(5, 12, "2:4"),
                new Sizes(3, 16, "4:8"),
                new Sizes(3, 6, "1:3"));
    }

    /** A map of random weights, none of them zero, and moments of random rows that it sees. */
    protected final MapView map(MapRole role, DataType type, int rows, int columns) {
        Matrix weight = Matrix.allocate(arena, type, rows, columns + 3).leadingColumns(columns);
        Matrix bias = Matrix.allocate(arena, type, 1, rows);
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                weight.set(i, j, (float) (Math.copySign(0.1, random.nextDouble() - 0.5) + random.nextGaussian() / 50));
            }
            bias.set(0, i, i);
        }
        double[][] own = rows(columns);
        double[][] dense = rows(columns);
        for (int t = 0; t < TOKENS; t++) {
            for (int j = 0; j < columns; j++) {
                dense[t][j] = own[t][j] + dense[t][j] / 10;
            }
        }
        return map(role, new Linear(weight, bias), own, dense);
    }

    private double[][] rows(int columns) {
        double[][] rows = new double[TOKENS][columns];
        for (double[] row : rows) {
            Arrays.setAll(row, j -> (j % 3 + 0.1) * random.nextGaussian());
        }
        return rows;
    }

    /**
     * A map and moments of rows that it sees.
     *
     * @param own what it will see, {@code tokens × columns}
     * @param dense what the dense map sees; the same array if that is the same
     */
    protected final MapView map(MapRole role, Linear map, double[][] own, double[][] dense) {
        Tap tap = MapView.tap(role);
        Measured measured = new Sums(Map.of(tap, own), Map.of(tap, dense))
                .measured(sparsifier().wishes(tap), arena);
        return new MapView(17, role, map, measured);
    }

    /** The sparsifier under test, with the defaults of its options. */
    protected final Sparsifier sparsifier() {
        return provider().create(options(Map.of()));
    }

    /** The weights with zeros. */
    protected final Linear sparsify(MapView map, String pattern) {
        return sparsifier()
                .sparsify(map, Pattern.parse(pattern), new PlainWorkbench(new PlainLinearAlgebra(), arena, Map.of()));
    }

    @ParameterizedTest
    @MethodSource("sizes")
    final void thereAreAsManyZerosAsAskedForWhereTheyHaveToBe(Sizes sizes) {
        Pattern pattern = Pattern.parse(sizes.pattern());
        for (MapRole role : new MapRole[] {MapRole.QUERY, MapRole.MLP_OUTPUT}) {
            for (DataType type : DataType.values()) {
                MapView map = map(role, type, sizes.rows(), sizes.columns());
                Linear sparse = sparsify(map, sizes.pattern());

                Matrix weight = sparse.weight();
                assertThat(weight.type()).isEqualTo(DataType.F32);
                assertThat(weight.rows()).isEqualTo(sizes.rows());
                assertThat(weight.columns()).isEqualTo(sizes.columns());
                assertThat(weight.data().scope()).isEqualTo(arena.scope());
                assertThat(sparse.bias()).isNotNull();
                assertThat(pattern.holdsIn(weight)).isTrue();
                int groups = sizes.columns() / pattern.groupSize(sizes.columns());
                long fewest = (long) sizes.rows() * groups * pattern.zerosInGroup(sizes.columns());
                int zeros = 0;
                for (int i = 0; i < sizes.rows(); i++) {
                    for (int j = 0; j < sizes.columns(); j++) {
                        float value = weight.get(i, j);
                        zeros += value == 0 ? 1 : 0;
                        assertThat(value).isFinite();
                        if (value != 0 && !sparsifier().repairs()) {
                            assertThat(value).isEqualTo(map.map().weight().get(i, j));
                        }
                    }
                }
                assertThat((long) zeros).isBetween(fewest, pattern.zerosInMap(sizes.rows(), sizes.columns()));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("sizes")
    final void whatItTakesIsANumber(Sizes sizes) {
        for (MapRole role : new MapRole[] {MapRole.QUERY, MapRole.MLP_OUTPUT}) {
            MapShape shape = new MapShape(role, sizes.rows(), sizes.columns(), false);
            assertThat(sparsifier().scratchBytes(shape)).isNotNegative();
            assertThat(sparsifier().multiplyAdds(shape)).isNotNegative().isFinite();
        }
    }

    @ParameterizedTest
    @MethodSource("sizes")
    final void itIsPureAndLeavesTheMapAsItWas(Sizes sizes) {
        MapView map = map(MapRole.UP, DataType.BF16, sizes.rows(), sizes.columns());
        float[][] before = values(map.map().weight());
        float[][] first = values(sparsify(map, sizes.pattern()).weight());
        float[][] second = values(sparsify(map, sizes.pattern()).weight());
        assertThat(second).isDeepEqualTo(first);
        assertThat(values(map.map().weight())).isDeepEqualTo(before);
    }

    @ParameterizedTest
    @MethodSource("sizes")
    final void aMapOfZerosStaysOne(Sizes sizes) {
        MapView map = map(MapRole.UP, DataType.F32, sizes.rows(), sizes.columns());
        Matrix weight = map.map().weight();
        for (int i = 0; i < sizes.rows(); i++) {
            for (int j = 0; j < sizes.columns(); j++) {
                weight.set(i, j, 0);
            }
        }
        assertThat(values(sparsify(map, sizes.pattern()).weight()))
                .isDeepEqualTo(new float[sizes.rows()][sizes.columns()]);
    }

    /** All of them, or one of several. */
    @ParameterizedTest
    @MethodSource("sizes")
    final void inputsThatAreAlwaysZeroAreNoObstacle(Sizes sizes) {
        Linear dense =
                map(MapRole.UP, DataType.F32, sizes.rows(), sizes.columns()).map();
        double[][] none = new double[TOKENS][sizes.columns()];
        double[][] some = rows(sizes.columns());
        for (double[] row : some) {
            row[sizes.columns() / 2] = 0;
        }
        for (double[][] seen : new double[][][] {none, some}) {
            Matrix weight = sparsify(map(MapRole.UP, dense, seen, seen), sizes.pattern())
                    .weight();
            assertThat(Pattern.parse(sizes.pattern()).holdsIn(weight)).isTrue();
            for (float[] row : values(weight)) {
                for (float value : row) {
                    assertThat(value).isFinite();
                }
            }
        }
    }

    private static float[][] values(Matrix matrix) {
        float[][] values = new float[matrix.rows()][matrix.columns()];
        for (int i = 0; i < matrix.rows(); i++) {
            for (int j = 0; j < matrix.columns(); j++) {
                values[i][j] = matrix.get(i, j);
            }
        }
        return values;
    }

    @Test
    final void groupsThatDoNotFitAreRefused() {
        MapView map = map(MapRole.UP, DataType.F32, 3, 7);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> sparsify(map, "2:4"))
                .withMessageContaining("7");
    }

    @ParameterizedTest
    @EnumSource(DataType.class)
    final void weightsThatAreNotFiniteAreRefusedByPlace(DataType type) {
        MapView map = map(MapRole.UP, type, 3, 8);
        map.map().weight().set(1, 2, Float.NaN);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> sparsify(map, "0.5"))
                .withMessageContaining("layer 17");
    }

    @Test
    final void wishesAreForTheTapThatIsAskedFor() {
        for (Tap tap : new Tap[] {Tap.INPUT, Tap.FEATURES}) {
            assertThat(sparsifier().wishes(tap)).extracting(Wish::tap).allMatch(tap::equals);
        }
    }

    @Test
    final void whatIsNotFiniteIsRefusedByPlace() {
        for (Wish wish : sparsifier().wishes(Tap.INPUT)) {
            MapView map = map(MapRole.UP, DataType.F32, 3, 8);
            map.measured().get(wish).set(0, 3, Double.NaN);
            assertThatIllegalArgumentException()
                    .as("%s", wish)
                    .isThrownBy(() -> sparsify(map, "0.5"))
                    .withMessageContaining("layer 17");
        }
    }
}
