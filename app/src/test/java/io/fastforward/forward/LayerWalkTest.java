package io.fastforward.forward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fastforward.model.Model;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.DeviceMatrix;
import io.fastforward.spi.backend.LoadedModule;
import io.fastforward.spi.measure.HiddenStream;
import io.fastforward.spi.measure.Measured;
import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.measure.Tap;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.DoubleMatrix;
import io.fastforward.spi.tensor.Matrix;
import io.fastforward.testing.Backends;
import io.fastforward.testing.RandomLlama;
import io.fastforward.testing.RunningModel;
import io.fastforward.tokenizer.TokenWindows;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LayerWalkTest {

    private static final Wish SUMS = Wish.features(Moment.SUMS);
    private static final Wish DENSE_SUMS = Wish.denseFeatures(Moment.SUMS);
    private static final Wish GRAM = Wish.features(Moment.GRAM);
    private static final Wish CROSS = Wish.denseFeatures(Moment.CROSS_GRAM);

    private final ComputeBackend backend = Backends.cpu();

    @AfterAll
    void close() {
        backend.close();
    }

    @ParameterizedTest
    @EnumSource(HiddenStream.class)
    void aSingleStreamAnswersForBoth(HiddenStream single, @TempDir Path directory) {
        try (Model model = Model.open(new RandomLlama().write(directory));
                LayerWalk walk = walk(model, Set.of(single));
                LoadedModule module = attention(model);
                Arena arena = Arena.ofShared()) {
            Wish residual = Wish.residual(Moment.CROSS_GRAM);
            Measured measured = walk.measure(module, Set.of(SUMS, DENSE_SUMS, GRAM, CROSS, residual), arena);
            assertThat(measured.tokens()).isEqualTo(9 * 5);
            int hidden = module.spec().hiddenSize();
            DoubleMatrix nothing = DoubleMatrix.allocate(
                    arena, hidden, module.spec().features(module.spec().units()));
            assertThat(difference(nothing, measured.get(residual))).isZero();
            assertThat(measured.get(CROSS)).isEqualTo(measured.get(GRAM));
            assertThat(measured.get(DENSE_SUMS)).isEqualTo(measured.get(SUMS));
        }
    }

    /** Against sums in double precision over hidden states that were moved by hand, in several chunks. */
    @Test
    void featuresAreMeasuredRelativeToTheStreamBehindTheModule(@TempDir Path directory) {
        try (Model model = Model.open(new RandomLlama().write(directory));
                LayerWalk walk = walk(model, Set.of(HiddenStream.DENSE));
                LoadedModule module = attention(model);
                Arena arena = Arena.ofShared()) {
            int width = module.spec().features(module.spec().units());
            double[][] expected = new double[width][width];
            try (HiddenStates states =
                    HiddenStates.embed(backend, model.ends(), RunningModel.randomWindows(model.spec(), 9, 5, 2))) {
                for (HiddenStates.Chunk chunk : states.chunks()) {
                    int rows = chunk.shape().rows();
                    Matrix features = Matrix.allocate(arena, DataType.F32, rows, width);
                    Matrix hidden = Matrix.allocate(
                            arena, DataType.F32, rows, chunk.hidden().columns());
                    try (DeviceMatrix scratch = backend.allocate(rows, width)) {
                        backend.features(module, module.spec().units(), chunk.shape(), chunk.hidden(), scratch);
                        backend.read(scratch, 0, features);
                        backend.apply(module, module.spec().units(), chunk.shape(), chunk.hidden(), scratch);
                        backend.read(chunk.hidden(), 0, hidden);
                    }
                    for (int t = 0; t < rows; t++) {
                        double squares = 0;
                        for (int j = 0; j < hidden.columns(); j++) {
                            squares += Math.pow(hidden.get(t, j), 2);
                        }
                        for (int i = 0; i < width; i++) {
                            for (int j = 0; j < width; j++) {
                                expected[i][j] += (double) features.get(t, i) * features.get(t, j) / squares;
                            }
                        }
                    }
                }
            }
            LayerWalk.Relative relative = walk.measureRelative(module, Set.of(GRAM), arena);
            assertThat(relative.measured().tokens()).isEqualTo(9 * 5);
            assertThat(relative.relativeGram().rows()).isEqualTo(width);
            double largest = 0;
            for (int i = 0; i < width; i++) {
                largest = Math.max(largest, expected[i][i]);
            }
            for (int i = 0; i < width; i++) {
                for (int j = 0; j < width; j++) {
                    // Rows were rounded to single precision twice.
                    assertThat(relative.relativeGram().get(i, j)).isCloseTo(expected[i][j], within(1e-5 * largest));
                }
            }
        }
    }

    @Test
    void onlyTheDenseStreamMovesOnByBeingMeasured(@TempDir Path directory) {
        try (Model model = Model.open(new RandomLlama().write(directory));
                LayerWalk walk = walk(model, EnumSet.allOf(HiddenStream.class));
                LoadedModule module = attention(model);
                Arena arena = Arena.ofShared()) {
            Set<Wish> wishes = Set.of(SUMS, DENSE_SUMS, GRAM, CROSS);
            Measured first = walk.measure(module, wishes, arena);
            assertThat(difference(first.get(CROSS), first.get(GRAM))).isZero();
            assertThat(difference(first.get(DENSE_SUMS), first.get(SUMS))).isZero();

            Measured second = walk.measure(module, wishes, arena);
            assertThat(difference(second.get(GRAM), first.get(GRAM))).isZero();
            assertThat(difference(second.get(DENSE_SUMS), first.get(DENSE_SUMS)))
                    .isGreaterThan(1e-3);
            assertThat(difference(second.get(CROSS), first.get(CROSS))).isGreaterThan(1e-3);

            walk.moveOn(module, module.spec().units());
            Measured third = walk.measure(module, wishes, arena);
            assertThat(difference(third.get(SUMS), second.get(DENSE_SUMS))).isLessThan(1e-9);
        }
    }

    @Test
    void comparingMovesNothingAndOneStreamCanBeSetToTheOther(@TempDir Path directory) {
        try (Model model = Model.open(new RandomLlama().write(directory));
                LayerWalk walk = walk(model, EnumSet.allOf(HiddenStream.class));
                LoadedModule module = attention(model);
                Arena arena = Arena.ofShared()) {
            Set<Wish> wishes = Set.of(SUMS, DENSE_SUMS);
            Measured first = walk.compare(module, module, wishes, arena);
            Measured second = walk.compare(module, module, wishes, arena);
            assertThat(difference(second.get(SUMS), first.get(DENSE_SUMS))).isZero();

            walk.moveOn(HiddenStream.DENSE, module, module.spec().units());
            Measured apart = walk.compare(module, module, wishes, arena);
            assertThat(difference(apart.get(SUMS), first.get(SUMS))).isZero();
            assertThat(difference(apart.get(DENSE_SUMS), first.get(SUMS))).isGreaterThan(1e-3);

            walk.set(HiddenStream.OWN, HiddenStream.DENSE);
            Measured together = walk.compare(module, module, wishes, arena);
            assertThat(difference(together.get(SUMS), apart.get(DENSE_SUMS))).isZero();
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Tap.class,
            names = {"INPUT", "FEATURES"}) // of the residual there are none on a single stream
    void batchesShowWhatIsSummedUp(Tap tap, @TempDir Path directory) {
        try (Model model = Model.open(new RandomLlama().write(directory));
                LayerWalk walk = walk(model, Set.of(HiddenStream.OWN));
                LoadedModule module = attention(model);
                Arena arena = Arena.ofShared()) {
            Wish sums = new Wish(tap, Moment.SUMS, HiddenStream.OWN);
            DoubleMatrix expected = walk.measure(module, Set.of(sums), arena).get(sums);
            for (int repeated = 0; repeated < 2; repeated++) {
                double[] found = new double[expected.columns()];
                int tokens = 0;
                for (Matrix batch : walk.batches(module, tap, arena)) {
                    tokens += batch.rows();
                    for (int i = 0; i < batch.rows(); i++) {
                        for (int j = 0; j < found.length; j++) {
                            found[j] += batch.get(i, j);
                        }
                    }
                }
                assertThat(tokens).isEqualTo(9 * 5);
                for (int j = 0; j < found.length; j++) {
                    assertThat(found[j]).isCloseTo(expected.get(0, j), within(1e-4));
                }
            }
        }
    }

    /** Of both streams, and of what one has over the other, after the own one has gone another way. */
    @Test
    void batchesOfBothStreamsShowWhatIsSummedUpWhileNeitherMoves(@TempDir Path directory) {
        try (Model model = Model.open(new RandomLlama().write(directory));
                LayerWalk walk = walk(model, EnumSet.allOf(HiddenStream.class));
                LoadedModule module = attention(model);
                Arena arena = Arena.ofShared()) {
            walk.moveDenseOn(module);
            Set<Wish> wishes = Set.of(SUMS, DENSE_SUMS, Wish.residual(Moment.SUMS), Wish.input(Moment.SUMS));
            Measured first = walk.measureHere(module, wishes, arena);
            for (Wish wish : wishes) {
                requireSum(walk.batches(module, wish.tap(), wish.stream(), arena), first.get(wish));
            }
            assertThat(difference(first.get(DENSE_SUMS), first.get(SUMS))).isGreaterThan(1e-3);
            Measured second = walk.measureHere(module, wishes, arena);
            wishes.forEach(wish ->
                    assertThat(difference(second.get(wish), first.get(wish))).isZero());

            walk.moveOn(module, module.spec().units());
            Measured together = walk.measureHere(module, wishes, arena);
            assertThat(difference(together.get(Wish.residual(Moment.SUMS)), first.get(Wish.residual(Moment.SUMS))))
                    .isGreaterThan(1e-3);
            assertThat(difference(together.get(DENSE_SUMS), together.get(SUMS))).isZero();
        }
    }

    private static void requireSum(Iterable<Matrix> batches, DoubleMatrix expected) {
        double[] found = new double[expected.columns()];
        for (Matrix batch : batches) {
            for (int i = 0; i < batch.rows(); i++) {
                for (int j = 0; j < found.length; j++) {
                    found[j] += batch.get(i, j);
                }
            }
        }
        for (int j = 0; j < found.length; j++) {
            assertThat(found[j]).isCloseTo(expected.get(0, j), within(1e-4));
        }
    }

    private LayerWalk walk(Model model, Set<HiddenStream> carried) {
        TokenWindows windows = RunningModel.randomWindows(model.spec(), 9, 5, 2);
        return new LayerWalk(backend, model.ends(), windows, carried);
    }

    private LoadedModule attention(Model model) {
        return backend.load(
                model.spec().layers().getFirst().attention(), model.layer(0).attention());
    }

    private static double difference(DoubleMatrix left, DoubleMatrix right) {
        double largest = 0;
        for (int i = 0; i < left.rows(); i++) {
            for (int j = 0; j < left.columns(); j++) {
                largest = Math.max(largest, Math.abs(left.get(i, j) - right.get(i, j)));
            }
        }
        return largest;
    }
}
