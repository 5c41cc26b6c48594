package io.fastforward.prune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.fastforward.failure.FailureKind;
import io.fastforward.forward.HiddenStates;
import io.fastforward.model.Model;
import io.fastforward.nested.NestedModel;
import io.fastforward.nested.NestedOrder;
import io.fastforward.nested.UnitRanking;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.measure.ModuleView;
import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.model.AttentionUnit;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.prune.Criterion;
import io.fastforward.spi.prune.Workbench;
import io.fastforward.spi.tensor.DoubleMatrix;
import io.fastforward.testing.Backends;
import io.fastforward.testing.DefaultPlugins;
import io.fastforward.testing.DemoModel;
import io.fastforward.testing.Failures;
import io.fastforward.testing.Golden;
import io.fastforward.testing.RandomLlama;
import io.fastforward.testing.RunningModel;
import io.fastforward.tokenizer.TokenWindows;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ScoringPassTest {

    /** Nobody repairs. */
    private static final ScoringPass.RepairedMaps NOTHING = (module, units, map) -> "";

    private final ComputeBackend backend = Backends.cpu();

    @AfterAll
    void close() {
        backend.close();
    }

    @Test
    void wandaScoresEqualPyTorch() {
        JsonNode golden = Golden.read("demo/wanda.json");
        float[] groups = Golden.floats(golden.path("groups"));
        float[] channels = Golden.floats(golden.path("channels"));
        Criterion wanda = DefaultPlugins.criterion("wanda");
        UnitRanking ranking;
        List<Integer> progress = new ArrayList<>();
        try (Model model = DemoModel.open()) {
            ranking = pass(model, wanda)
                    .run(
                            model.ends(),
                            DemoModel.calibration(
                                    golden.path("calibrationWindows").intValue()),
                            NOTHING,
                            progress::add);
        }
        assertThat(progress).containsExactly(1, 2, 3, 4, 5, 6, 7, 8);
        assertThat(ranking.modules()).hasSize(16);
        for (int module = 0; module < 16; module++) {
            float[] expected = module % 2 == 0 ? groups : channels;
            int units = expected.length / 8;
            assertThat(ranking.modules().get(module)).hasSize(units);
            for (int k = 0; k < units; k++) {
                int unit = ranking.modules().get(module).get(k);
                assertThat(ranking.unitScores().get(module).get(k))
                        .as("unit %d of module %d", unit, module)
                        .isCloseTo((double) expected[module / 2 * units + unit], Percentage.withPercentage(1e-2));
            }
        }
    }

    /** What one chunk cannot hold is summed over several, and every chunk moves on to the next module. */
    @Test
    void sumsGoOverAllChunks(@TempDir Path directory) {
        try (Model model = Model.open(new RandomLlama().write(directory))) {
            int perChunk = HiddenStates.windowsPerChunk(32);
            int count = perChunk + 30;
            TokenWindows windows = RunningModel.randomWindows(model.spec(), 32, count, 2);
            for (Moment moment : List.of(Moment.SUMS, Moment.SQUARE_SUMS, Moment.GRAM)) {
                List<double[]> all = moments(model, moment, windows);
                List<double[]> first = moments(model, moment, range(windows, 0, perChunk));
                List<double[]> rest = moments(model, moment, range(windows, perChunk, count));
                assertThat(all).hasSize(4);
                for (int module = 0; module < 4; module++) {
                    double[] sum = new double[all.get(module).length];
                    for (int i = 0; i < sum.length; i++) {
                        sum[i] = first.get(module)[i] + rest.get(module)[i];
                    }
                    double largest = IntStream.range(0, sum.length)
                            .mapToDouble(i -> Math.abs(sum[i]))
                            .max()
                            .orElseThrow();
                    assertThat(all.get(module)).containsExactly(sum, within(1e-5 * largest));
                }
            }
        }
    }

    @Test
    void squareSumsAreTheDiagonalOfTheGramMatrix(@TempDir Path directory) {
        try (Model model = Model.open(new RandomLlama().write(directory))) {
            TokenWindows windows = RunningModel.randomWindows(model.spec(), 9, 5, 2);
            List<double[]> squares = moments(model, Moment.SQUARE_SUMS, windows);
            List<double[]> grams = moments(model, Moment.GRAM, windows);
            assertThat(squares).extracting(sums -> sums.length).containsExactly(24, 10, 24, 10);
            for (int module = 0; module < 4; module++) {
                int width = squares.get(module).length;
                for (int i = 0; i < width; i++) {
                    assertThat(grams.get(module)[i * width + i])
                            .isCloseTo(squares.get(module)[i], Percentage.withPercentage(1e-3));
                }
            }
        }
    }

    @Test
    void withoutStatisticsNoWindowIsLookedAt(@TempDir Path directory) {
        try (Model model = Model.open(new RandomLlama().write(directory))) {
            Recording recording = new Recording(Set.of());
            List<Integer> progress = new ArrayList<>();
            pass(model, recording).run(model.ends(), new TokenWindows(5, 0, new int[0]), NOTHING, progress::add);
            assertThat(progress).containsExactly(1, 2);
            assertThat(recording.layers).containsExactly(0, 0, 1, 1);
            assertThat(recording.tokens).containsOnly(0L);
        }
    }

    @Test
    void whatIsNotFiniteIsExplained(@TempDir Path directory) {
        RandomLlama llama = new RandomLlama().poison("model.layers.1.mlp.up_proj.weight", Float.POSITIVE_INFINITY);
        try (Model model = Model.open(llama.write(directory))) {
            ScoringPass pass = pass(model, DefaultPlugins.criterion("wanda"));
            Failures.expect(
                    FailureKind.NOT_FINITE,
                    () -> pass.run(
                            model.ends(), RunningModel.randomWindows(model.spec(), 9, 5, 2), NOTHING, done -> {}),
                    "layer 1, MLP",
                    "square sums of the features");
        }
    }

    @Test
    void aCriterionIsToldHowManyUnitsAreLikelyToStay(@TempDir Path directory) {
        try (Model model = Model.open(new RandomLlama().write(directory))) {
            Recording recording = new Recording(Set.of());
            Policy likely = new Policy(List.of(2, 7, 0, 10));
            new ScoringPass(
                            backend,
                            Backends.linearAlgebra(),
                            model.spec(),
                            model,
                            ScoringPass.Wanted.scores(recording, likely))
                    .run(model.ends(), new TokenWindows(5, 0, new int[0]), NOTHING, done -> {});
            // Of a module that goes altogether one unit is asked for, since some set has to be chosen.
            assertThat(recording.units).containsExactly(2, 7, 1, 10);
        }
    }

    /** Beside the scores, and whatever they are made of: even a criterion that looks at no data gets errors measured. */
    @ParameterizedTest
    @EnumSource(AttentionUnit.class)
    void errorsFallToNothingInTheOrderOfTheScores(AttentionUnit unit, @TempDir Path directory) {
        try (Model model = Model.open(new RandomLlama().write(directory))) {
            ModelSpec spec = model.spec().withAttentionUnit(unit);
            Map<Integer, Integer> repaired = new TreeMap<>();
            UnitRanking ranking = new ScoringPass(
                            backend,
                            Backends.linearAlgebra(),
                            spec,
                            new NestedModel(spec, model, NestedOrder.ofSource(spec)),
                            new ScoringPass.Wanted(
                                    DefaultPlugins.criterion("magnitude"),
                                    spec.densePolicy(),
                                    true,
                                    Optional.of(RunningModel.randomWindows(model.spec(), 3, 5, 7))))
                    .run(
                            model.ends(),
                            RunningModel.randomWindows(model.spec(), 9, 5, 2),
                            (module, units, map) -> {
                                assertThat(map.rows()).isEqualTo(12);
                                assertThat(map.columns())
                                        .isEqualTo(spec.modules().get(module).features(units));
                                repaired.put(module, units);
                                return "";
                            },
                            done -> {});
            ranking.requireFits(spec);
            assertThat(ranking.errors()).hasSize(4).allSatisfy(curve -> {
                assertThat(curve.getFirst()).isGreaterThan(1e-6);
                assertThat(curve.getLast()).isZero();
            });
            int half = spec.modules().getFirst().units() / 2;
            assertThat(repaired).isEqualTo(Map.of(0, half, 1, 5, 2, half, 3, 5));
        }
    }

    private ScoringPass pass(Model model, Criterion criterion) {
        return new ScoringPass(
                backend,
                Backends.linearAlgebra(),
                model.spec(),
                model,
                ScoringPass.Wanted.scores(criterion, model.spec().densePolicy()));
    }

    private List<double[]> moments(Model model, Moment moment, TokenWindows windows) {
        Wish wish = Wish.features(moment);
        Recording recording = new Recording(Set.of(wish));
        pass(model, recording).run(model.ends(), windows, NOTHING, done -> {});
        assertThat(recording.tokens).containsOnly((long) windows.count() * windows.length());
        return recording.moments;
    }

    /** Scores nothing, and keeps what it was shown. */
    private static final class Recording implements Criterion {

        private final Set<Wish> wishes;
        private final List<Integer> layers = new ArrayList<>();
        private final List<Integer> units = new ArrayList<>();
        private final List<Long> tokens = new ArrayList<>();
        private final List<double[]> moments = new ArrayList<>();

        Recording(Set<Wish> wishes) {
            this.wishes = wishes;
        }

        @Override
        public Set<Wish> wishes() {
            return wishes;
        }

        @Override
        public double[] score(ModuleView module, int kept, Workbench workbench) {
            layers.add(module.layer());
            units.add(kept);
            tokens.add(module.measured().tokens());
            wishes.forEach(wish -> moments.add(elements(module.measured().get(wish))));
            return new double[module.spec().parts()];
        }
    }

    private static TokenWindows range(TokenWindows windows, int from, int to) {
        return windows.subset(IntStream.range(from, to).toArray());
    }

    private static double[] elements(DoubleMatrix matrix) {
        double[] values = new double[matrix.rows() * matrix.columns()];
        for (int i = 0; i < values.length; i++) {
            values[i] = matrix.get(i / matrix.columns(), i % matrix.columns());
        }
        return values;
    }
}
