package io.fastforward.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.fastforward.forward.HiddenStates;
import io.fastforward.model.Model;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.prune.Criterion;
import io.fastforward.spi.prune.Criterion.Statistics;
import io.fastforward.spi.tensor.DoubleMatrix;
import io.fastforward.testing.Backends;
import io.fastforward.testing.DefaultPlugins;
import io.fastforward.testing.DemoModel;
import io.fastforward.testing.Golden;
import io.fastforward.testing.RandomLlama;
import io.fastforward.testing.RunningModel;
import io.fastforward.tokenizer.TokenWindows;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FeatureStatisticsTest {

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
        List<double[]> scores = new ArrayList<>();
        List<Integer> progress = new ArrayList<>();
        try (Model model = DemoModel.open()) {
            new FeatureStatistics(backend, model.spec(), model, wanda.statistics())
                    .collect(
                            model.ends(),
                            DemoModel.calibration(
                                    golden.path("calibrationWindows").intValue()),
                            module -> scores.add(wanda.score(module)),
                            progress::add);
        }
        assertThat(progress).containsExactly(1, 2, 3, 4, 5, 6, 7, 8);
        assertThat(scores).hasSize(16);
        for (int module = 0; module < 16; module++) {
            float[] expected = module % 2 == 0 ? groups : channels;
            int units = expected.length / 8;
            assertThat(scores.get(module)).hasSize(units);
            for (int unit = 0; unit < units; unit++) {
                assertThat(scores.get(module)[unit])
                        .as("unit %d of module %d", unit, module)
                        .isCloseTo(expected[module / 2 * units + unit], Percentage.withPercentage(1e-2));
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
            for (Statistics statistics : List.of(Statistics.SQUARE_SUMS, Statistics.GRAM)) {
                List<double[]> all = moments(model, statistics, windows);
                List<double[]> first = moments(model, statistics, range(windows, 0, perChunk));
                List<double[]> rest = moments(model, statistics, range(windows, perChunk, count));
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
            List<double[]> squares = moments(model, Statistics.SQUARE_SUMS, windows);
            List<double[]> grams = moments(model, Statistics.GRAM, windows);
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
            List<Criterion.Module> modules = new ArrayList<>();
            List<Integer> progress = new ArrayList<>();
            new FeatureStatistics(backend, model.spec(), model, Statistics.NONE)
                    .collect(model.ends(), new TokenWindows(5, 0, new int[0]), modules::add, progress::add);
            assertThat(progress).containsExactly(1, 2);
            assertThat(modules).extracting(Criterion.Module::layer).containsExactly(0, 0, 1, 1);
            assertThat(modules).allSatisfy(module -> {
                assertThat(module.moments()).isNull();
                assertThat(module.tokens()).isZero();
            });
        }
    }

    private List<double[]> moments(Model model, Statistics statistics, TokenWindows windows) {
        List<double[]> sums = new ArrayList<>();
        new FeatureStatistics(backend, model.spec(), model, statistics)
                .collect(
                        model.ends(),
                        windows,
                        module -> {
                            assertThat(module.tokens()).isEqualTo((long) windows.count() * windows.length());
                            sums.add(elements(Objects.requireNonNull(module.moments())));
                        },
                        done -> {});
        return sums;
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
