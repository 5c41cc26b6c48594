package io.fastforward.criteria;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.fastforward.spi.measure.Measured;
import io.fastforward.spi.measure.ModuleView;
import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.AttentionUnit;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.prune.Criterion;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.DoubleMatrix;
import io.fastforward.spi.tensor.Matrix;
import io.fastforward.testkit.CriterionContract;
import java.util.Arrays;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class FluctuationTest extends CriterionContract {

    private final SplittableRandom random = new SplittableRandom(5);

    @Override
    protected Criterion.Provider provider() {
        return new Fluctuation.Provider();
    }

    @ParameterizedTest
    @MethodSource("specs")
    void itMatchesTheFormulaInEveryDataType(ModuleSpec spec) {
        double[][] features = features(41, spec.features(spec.units()));
        for (DataType type : DataType.values()) {
            Matrix weight = randomMatrix(type, spec.hiddenSize(), spec.features(spec.units()));
            ModuleView module = module(spec, weight, measured(features));
            boolean attention = spec instanceof AttentionSpec;

            assertThat(score(module)).containsExactly(expected(spec, weight, features, attention), within(1e-8));
            assertThat(score(criterion(Map.of("attention", "plain")), module, 1))
                    .containsExactly(expected(spec, weight, features, false), within(1e-8));
        }
    }

    /** By the textbook: two passes over the tokens, in double precision. */
    private static double[] expected(ModuleSpec spec, Matrix weight, double[][] features, boolean squared) {
        int columns = weight.columns();
        double[] scores = new double[columns];
        for (int j = 0; j < columns; j++) {
            int column = j;
            double variance = variance(
                    Arrays.stream(features).mapToDouble(token -> token[column]).toArray());
            double norm = 0;
            for (int i = 0; i < weight.rows(); i++) {
                norm += (double) weight.get(i, j) * weight.get(i, j);
            }
            scores[j] = squared ? Math.pow(variance * norm, 2) : variance * norm;
        }
        double mean = Arrays.stream(scores).average().orElseThrow();
        double deviation = columns == 1 ? 0 : Math.sqrt(variance(scores));
        double[] parts = new double[spec.parts()];
        for (int j = 0; j < columns; j++) {
            double standardised = deviation == 0 ? 0 : (scores[j] - mean) / deviation;
            parts[j / spec.featuresPerPart()] += standardised / spec.featuresPerUnit();
        }
        return parts;
    }

    private static double variance(double[] numbers) {
        double mean = Arrays.stream(numbers).average().orElseThrow();
        return Arrays.stream(numbers).map(n -> (n - mean) * (n - mean)).sum() / (numbers.length - 1);
    }

    /** A unit whose parts lie in several KV groups has the mean over all its columns, and so do the sums of all units. */
    @Test
    void theUnitsOfAModuleSumUpToZero() {
        ModuleSpec spec = attention(7, 3, 4, 5).withUnit(AttentionUnit.QUERY_HEAD);

        assertThat(Arrays.stream(score(module(spec, DataType.F32))).sum()).isCloseTo(0, within(1e-10));
    }

    /** What is constant can be made up for by a bias, however large it is, and rounding is no fluctuation. */
    @ParameterizedTest
    @ValueSource(doubles = {0, 1, 1e4})
    void featuresThatDoNotStrayScoreLeast(double constant) {
        double[][] features = features(64, 6);
        for (double[] token : features) {
            token[2] = constant;
            token[5] = constant / 3;
        }
        double[] scores = score(module(mlp(2, 6), randomMatrix(DataType.F32, 2, 6), measured(features)));

        assertThat(scores[2]).isEqualTo(scores[5]);
        for (int unit : new int[] {0, 1, 3, 4}) {
            assertThat(scores[unit]).isGreaterThan(scores[2]);
        }
    }

    @Test
    void modulesInWhichNothingStraysScoreNothing() {
        double[][] features = new double[64][3];
        for (double[] token : features) {
            Arrays.fill(token, 0.1);
        }
        assertThat(score(module(mlp(2, 3), randomMatrix(DataType.F32, 2, 3), measured(features))))
                .containsExactly(0, 0, 0);
    }

    @Test
    void aSingleTokenIsRefused() {
        double[][] features = features(1, 3);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> score(module(mlp(2, 3), randomMatrix(DataType.F32, 2, 3), measured(features))))
                .withMessage("layer 17, MLP, features: 1 calibration tokens have no variance; at least 2 were expected,"
                        + " so use more windows");
    }

    /** With means that are large against the deviations of some. */
    private double[][] features(int tokens, int width) {
        double[][] features = new double[tokens][width];
        for (double[] token : features) {
            Arrays.setAll(token, j -> (1 + j % 4) * (0.3 * (j % 7) + random.nextGaussian()));
        }
        return features;
    }

    private Measured measured(double[][] features) {
        DoubleMatrix sums = DoubleMatrix.allocate(arena, 1, features[0].length);
        DoubleMatrix squares = DoubleMatrix.allocate(arena, 1, features[0].length);
        for (double[] token : features) {
            for (int j = 0; j < token.length; j++) {
                sums.set(0, j, sums.get(0, j) + token[j]);
                squares.set(0, j, squares.get(0, j) + token[j] * token[j]);
            }
        }
        return new Measured(
                features.length, Map.of(Wish.features(Moment.SUMS), sums, Wish.features(Moment.SQUARE_SUMS), squares));
    }
}
