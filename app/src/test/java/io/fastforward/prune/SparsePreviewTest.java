package io.fastforward.prune;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.failure.FailureKind;
import io.fastforward.model.Model;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.measure.MapView;
import io.fastforward.spi.measure.Tap;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.model.LayerWeights;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.prune.Pattern;
import io.fastforward.spi.prune.Sparsifier;
import io.fastforward.spi.prune.Workbench;
import io.fastforward.testing.Backends;
import io.fastforward.testing.DefaultPlugins;
import io.fastforward.testing.Failures;
import io.fastforward.testing.RandomLlama;
import io.fastforward.testing.RunningModel;
import io.fastforward.tokenizer.TokenWindows;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SparsePreviewTest {

    private static final Pattern HALF = Pattern.parse("0.5");

    /** A module that the dense hidden states reach looks the same in the real pass: its own maps see nothing sparse before. */
    @ParameterizedTest
    @ValueSource(strings = {"wanda", "magnitude", "sparsegpt"})
    void theFirstMapsAreThoseOfThePass(String id, @TempDir Path directory) {
        Sparsifier sparsifier = DefaultPlugins.sparsifier(id);
        // Attention of layer 0 stays dense, so its MLP is the first module that gets zeros.
        ModulePatterns patterns = ModulePatterns.of(HALF, new Policy(List.of(100, 40, 30, 100)));
        try (ComputeBackend backend = Backends.cpu();
                Model model = Model.open(new RandomLlama().write(directory));
                CollectedLayers passed = new CollectedLayers();
                SparsePreview preview = measure(backend, model, sparsifier);
                Arena arena = Arena.ofShared()) {
            new SparsifyingPass(
                            backend,
                            Backends.linearAlgebra(),
                            model,
                            new Sparsification(sparsifier, patterns, LayerInput.PRUNED_PREFIX, 0),
                            1)
                    .run(windows(model), passed, done -> {});
            LayerWeights expected = passed.layer(0, arena);
            LayerWeights seen = preview.weights(patterns).layer(0, arena);
            assertSame(seen.attention(), model.layer(0).attention());
            for (MapRole role : List.of(MapRole.GATE, MapRole.UP)) {
                assertSame(seen.mlp().map(role), expected.mlp().map(role));
            }
            LayerWeights last = preview.weights(patterns).layer(1, arena);
            assertSame(last.mlp(), model.layer(1).mlp());
            last.attention()
                    .maps()
                    .forEach((role, map) -> assertThat(Pattern.parse("0.7").holdsIn(map.weight()))
                            .as("%s", role)
                            .isTrue());
        }
    }

    @Test
    void scoresAreOnePerUnit(@TempDir Path directory) {
        try (ComputeBackend backend = Backends.cpu();
                Model model = Model.open(new RandomLlama().write(directory));
                SparsePreview preview = measure(backend, model, DefaultPlugins.sparsifier("magnitude"))) {
            assertThat(preview.unitScores(HALF))
                    .hasSize(4)
                    .allSatisfy(scores -> assertThat(scores).hasSize(100).allMatch(score -> score >= 0));
            assertThat(preview.unitScores(Pattern.parse("1:2")))
                    .allSatisfy(scores -> assertThat(scores).hasSize(2));
        }
    }

    /** Who walks through batches cannot: they are not there any more. */
    @Test
    void aSparsifierThatFailsSaysSo(@TempDir Path directory) {
        Sparsifier walking = new Sparsifier() {
            @Override
            public Set<Wish> wishes(Tap tap) {
                return Set.of();
            }

            @Override
            public Linear sparsify(MapView map, Pattern pattern, Workbench workbench) {
                workbench.batches(map.tap());
                return map.map();
            }
        };
        try (ComputeBackend backend = Backends.cpu();
                Model model = Model.open(new RandomLlama().write(directory));
                SparsePreview preview = measure(backend, model, walking);
                Arena arena = Arena.ofShared()) {
            Failures.expect(
                    FailureKind.NOT_FINITE,
                    () -> preview.weights(ModulePatterns.everywhere(HALF)).layer(0, arena),
                    "no batches");
        }
    }

    private static void assertSame(ModuleWeights found, ModuleWeights expected) {
        Map<MapRole, Linear> maps = expected.maps();
        maps.forEach((role, map) -> assertSame(found.map(role), map));
    }

    private static void assertSame(Linear found, Linear expected) {
        assertThat(found.weight().type()).isEqualTo(expected.weight().type());
        for (int i = 0; i < expected.weight().rows(); i++) {
            for (int j = 0; j < expected.weight().columns(); j++) {
                assertThat(found.weight().get(i, j)).isEqualTo(expected.weight().get(i, j));
            }
        }
    }

    private static SparsePreview measure(ComputeBackend backend, Model model, Sparsifier sparsifier) {
        return SparsePreview.measure(backend, Backends.linearAlgebra(), model, sparsifier, windows(model), done -> {});
    }

    private static TokenWindows windows(Model model) {
        return RunningModel.randomWindows(model.spec(), 16, 5, 3);
    }
}
