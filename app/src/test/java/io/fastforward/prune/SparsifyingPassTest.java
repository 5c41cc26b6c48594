package io.fastforward.prune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fastforward.failure.FailureKind;
import io.fastforward.model.Model;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.measure.MapView;
import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.model.LayerWeights;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.prune.Pattern;
import io.fastforward.spi.prune.Sparsifier;
import io.fastforward.spi.prune.Workbench;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import io.fastforward.testing.Backends;
import io.fastforward.testing.DefaultPlugins;
import io.fastforward.testing.Failures;
import io.fastforward.testing.RandomLlama;
import io.fastforward.testing.RunningModel;
import io.fastforward.tokenizer.TokenWindows;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SparsifyingPassTest {

    private final ComputeBackend backend = Backends.cpu();

    @AfterAll
    void close() {
        backend.close();
    }

    @ParameterizedTest
    @CsvSource({"wanda, 0.5", "wanda, 1:2", "magnitude, 0.25"})
    void everyMapHasThePatternAndItsOwnDataType(String sparsifier, String text, @TempDir Path directory) {
        Pattern pattern = Pattern.parse(text);
        RandomLlama llama =
                new RandomLlama().stored(DataType.BF16).stored("model.layers.1.mlp.down_proj.weight", DataType.F16);
        try (Model model = Model.open(llama.write(directory));
                CollectedLayers layers = new CollectedLayers();
                Arena arena = Arena.ofShared()) {
            List<Integer> progress = new ArrayList<>();
            pass(model, DefaultPlugins.sparsifier(sparsifier), pattern).run(windows(model), layers, progress::add);
            assertThat(progress).containsExactly(1, 2);
            for (int layer = 0; layer < 2; layer++) {
                LayerWeights sparse = layers.layer(layer, arena);
                LayerWeights dense = model.layer(layer);
                for (MapRole role : MapRole.values()) {
                    Linear before = map(dense, role);
                    Linear after = map(sparse, role);
                    assertThat(pattern.holdsIn(after.weight())).as("%s", role).isTrue();
                    assertThat(after.weight().type()).isEqualTo(before.weight().type());
                    requireKeptOrZero(before.weight(), after.weight());
                }
            }
        }
    }

    private static Linear map(LayerWeights layer, MapRole role) {
        return (layer.attention().maps().containsKey(role) ? layer.attention() : layer.mlp()).map(role);
    }

    private static void requireKeptOrZero(Matrix before, Matrix after) {
        for (int i = 0; i < before.rows(); i++) {
            for (int j = 0; j < before.columns(); j++) {
                assertThat(after.get(i, j)).isIn(0f, -0f, before.get(i, j));
            }
        }
    }

    /** Whether a map before was emptied shows in what the next one is told about its input. */
    @Test
    void mapsSeeWhatTheSparsifiedOnesBeforeThemProduce(@TempDir Path directory) {
        try (Model model = Model.open(new RandomLlama().write(directory))) {
            Emptying nothing = new Emptying(false);
            Emptying everything = new Emptying(true);
            pass(model, nothing, Pattern.parse("0.01")).run(windows(model), (layer, weights) -> {}, done -> {});
            pass(model, everything, Pattern.parse("0.01")).run(windows(model), (layer, weights) -> {}, done -> {});
            assertThat(nothing.places).isEqualTo(everything.places).hasSize(2 * MapRole.values().length);
            for (int i = 0; i < nothing.places.size(); i++) {
                double dense = nothing.squares.get(i);
                double seen = everything.squares.get(i);
                if (i < 3) {
                    assertThat(seen).as(nothing.places.get(i)).isEqualTo(dense); // nothing is before them
                } else if (nothing.places.get(i).endsWith("OUTPUT")) {
                    assertThat(seen).as(nothing.places.get(i)).isNotCloseTo(dense, within(1e-3 * dense));
                }
            }
        }
    }

    @Test
    void aPatternThatDoesNotFitIsRefusedBeforeAnyWork(@TempDir Path directory) {
        try (Model model = Model.open(new RandomLlama().write(directory))) {
            Failures.expect(
                    FailureKind.UNSUPPORTED_MODEL,
                    () -> pass(model, DefaultPlugins.sparsifier("wanda"), Pattern.parse("3:7"))
                            .run(windows(model), (layer, weights) -> {}, done -> {}),
                    "3:7",
                    "QUERY");
        }
    }

    private SparsifyingPass pass(Model model, Sparsifier sparsifier, Pattern pattern) {
        return new SparsifyingPass(backend, Backends.linearAlgebra(), model, sparsifier, pattern);
    }

    private static TokenWindows windows(Model model) {
        return RunningModel.randomWindows(model.spec(), 16, 5, 3);
    }

    /** Empties maps, or leaves them as they are, and keeps what it was shown. */
    private static final class Emptying implements Sparsifier {

        private final boolean empties;
        private final List<String> places = new ArrayList<>();
        private final List<Double> squares = new ArrayList<>();

        Emptying(boolean empties) {
            this.empties = empties;
        }

        @Override
        public Set<Moment> wishes() {
            return Set.of(Moment.SQUARE_SUMS);
        }

        @Override
        public Linear sparsify(MapView map, Pattern pattern, Workbench workbench) {
            places.add(map.place());
            squares.add(map.moment(Moment.SQUARE_SUMS).get(0, 0));
            Matrix source = map.map().weight();
            Matrix target = Matrix.allocate(workbench.arena(), DataType.F32, source.rows(), source.columns());
            if (!empties) {
                source.copyTo(target);
            }
            return new Linear(target, map.map().bias());
        }
    }
}
