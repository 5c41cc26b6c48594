package io.fastforward.criteria;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.fastforward.spi.measure.Measured;
import io.fastforward.spi.measure.ModuleView;
import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.model.AttentionUnit;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.prune.Criterion;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.DoubleMatrix;
import io.fastforward.spi.tensor.Matrix;
import io.fastforward.testkit.CriterionContract;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class SpapTest extends CriterionContract {

    private static final Wish GRAM = Wish.features(Moment.GRAM);

    @Override
    protected Criterion.Provider provider() {
        return new Spap.Provider();
    }

    static Stream<ModuleSpec> modules() {
        return Stream.of(
                mlp(2, 2),
                mlp(3, 20),
                mlp(1, 7),
                attention(7, 3, 2, 5),
                attention(7, 2, 4, 3).withUnit(AttentionUnit.QUERY_HEAD));
    }

    @ParameterizedTest
    @MethodSource("modules")
    void itMatchesTheAlternationInPlainLoops(ModuleSpec spec) {
        ModuleView module = module(spec, DataType.F32);
        for (int kept = 1; kept < spec.units(); kept++) {
            double[] expected = alternate(module, spec.units() - kept);
            double[] scores = score(criterion(), module, kept);
            for (int part = 0; part < scores.length; part++) {
                // What goes is pressed down by a factor of 10⁶ and more, and its rounding errors are not.
                assertThat(scores[part])
                        .isCloseTo(
                                expected[part],
                                within(1e-6 * Arrays.stream(expected).max().orElseThrow() + 1e-4 * expected[part]));
            }
            assertThat(kept(scores, spec, kept)).isEqualTo(kept(expected, spec, kept));
        }
    }

    @Test
    void itSaysThatScoresAreForOneSize() {
        ModuleView module = module(mlp(33, 129), DataType.F32);
        assertThat(criterion().dependsOnKept()).isTrue();
        assertThat(score(criterion(), module, 32)).isNotEqualTo(score(criterion(), module, 96));
    }

    /** The parts with the highest scores, in every group of parts. */
    private static Set<Integer> kept(double[] scores, ModuleSpec spec, int kept) {
        int groups = spec.partsPerUnit();
        return IntStream.range(0, groups)
                .boxed()
                .flatMap(group -> IntStream.range(0, spec.units())
                        .mapToObj(unit -> unit * groups + group)
                        .sorted((a, b) -> Double.compare(scores[b], scores[a]))
                        .limit(kept))
                .collect(Collectors.toSet());
    }

    private static double[] alternate(ModuleView module, int removed) {
        ModuleSpec spec = module.spec();
        int width = spec.featuresPerPart();
        Matrix weight = module.weights().output().weight();
        DoubleMatrix gram = module.measured().get(GRAM);
        int n = gram.rows();
        double[][] unit = new double[n][n]; // G̃
        double[][] target = new double[weight.rows()][n];
        double[] d = IntStream.range(0, n)
                .mapToDouble(j -> Math.sqrt(gram.get(j, j) / module.measured().tokens()))
                .toArray();
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                unit[i][j] = gram.get(i, j) / module.measured().tokens() / d[i] / d[j];
            }
        }
        for (int row = 0; row < weight.rows(); row++) {
            for (int j = 0; j < n; j++) {
                for (int k = 0; k < n; k++) {
                    target[row][j] += weight.get(row, k) * d[k] * unit[k][j];
                }
            }
        }
        double[] shares = new double[spec.parts()];
        Arrays.fill(shares, (double) removed / spec.units());
        double rho = 0.01;
        Set<Integer> before = Set.of();
        while (true) {
            double[][] matrix = new double[n][n];
            for (int i = 0; i < n; i++) {
                matrix[i] = unit[i].clone();
                matrix[i][i] += rho * Math.pow(shares[i / width], 2) + 1e-8;
            }
            double[] norms = new double[spec.parts()];
            for (double[] row : target) {
                double[] fitted = solve(matrix, row);
                for (int j = 0; j < n; j++) {
                    norms[j / width] += fitted[j] * fitted[j];
                }
            }
            Set<Integer> stays = kept(norms, spec, spec.units() - removed);
            double gone = IntStream.range(0, norms.length)
                    .filter(part -> !stays.contains(part))
                    .mapToDouble(part -> norms[part])
                    .sum();
            if (stays.equals(before) && Math.sqrt(gone / Arrays.stream(norms).sum()) < 1e-3) {
                return norms;
            }
            before = stays;
            for (int group = 0; group < spec.partsPerUnit(); group++) {
                share(norms, group, spec.partsPerUnit(), removed, shares);
            }
            rho *= 1.5;
        }
    }

    /** κ by bisection: the sum of min(1, κ ÷ v) grows with κ. */
    private static void share(double[] norms, int group, int groups, int removed, double[] shares) {
        double low = 0;
        double high = Arrays.stream(norms).max().orElseThrow();
        for (int i = 0; i < 200; i++) {
            double kappa = 0.5 * (low + high);
            double sum = 0;
            for (int part = group; part < norms.length; part += groups) {
                shares[part] = Math.min(1, kappa / norms[part]);
                sum += shares[part];
            }
            if (sum > removed) {
                high = kappa;
            } else {
                low = kappa;
            }
        }
    }

    /** x with x · matrix = row, by Gauss. */
    private static double[] solve(double[][] matrix, double[] row) {
        int n = row.length;
        double[][] a = new double[n][];
        for (int i = 0; i < n; i++) {
            a[i] = Arrays.copyOf(matrix[i], n + 1);
            a[i][n] = row[i];
        }
        for (int k = 0; k < n; k++) {
            for (int i = k + 1; i < n; i++) {
                double factor = a[i][k] / a[k][k];
                for (int j = k; j <= n; j++) {
                    a[i][j] -= factor * a[k][j];
                }
            }
        }
        double[] x = new double[n];
        for (int i = n - 1; i >= 0; i--) {
            x[i] = a[i][n];
            for (int j = i + 1; j < n; j++) {
                x[i] -= a[i][j] * x[j];
            }
            x[i] /= a[i][i];
        }
        return x;
    }

    @Test
    void whereAllIsKeptTheScoreIsTheNormOfTheColumnTimesThatOfTheFeature() {
        ModuleView module = module(mlp(3, 6), DataType.F32);
        double[] l2 = score(new Wanda(Norm.L2), withSquareSums(module), 6);

        double[] scores = score(criterion(), module, 6);

        for (int unit = 0; unit < 6; unit++) {
            assertThat(scores[unit]).isCloseTo(3 * l2[unit] * l2[unit], within(1e-12 * scores[unit]));
        }
    }

    private ModuleView withSquareSums(ModuleView module) {
        DoubleMatrix gram = module.measured().get(GRAM);
        DoubleMatrix sums = DoubleMatrix.allocate(arena, 1, gram.columns());
        for (int j = 0; j < gram.columns(); j++) {
            sums.set(0, j, gram.get(j, j));
        }
        Measured measured = new Measured(module.measured().tokens(), Map.of(Wish.features(Moment.SQUARE_SUMS), sums));
        return new ModuleView(module.layer(), module.spec(), module.weights(), measured);
    }

    @Test
    void featuresThatAreZeroGoFirst() {
        ModuleView module = module(mlp(3, 6), DataType.F32);
        DoubleMatrix gram = module.measured().get(GRAM);
        for (int dead : new int[] {1, 4}) {
            for (int j = 0; j < 6; j++) {
                gram.set(dead, j, 0);
                gram.set(j, dead, 0);
            }
        }
        for (int kept = 1; kept < 6; kept++) {
            double[] scores = score(criterion(), module, kept);
            assertThat(new double[] {scores[1], scores[4]}).containsExactly(0, 0);
            assertThat(new double[] {scores[0], scores[2], scores[3], scores[5]})
                    .doesNotContain(0);
        }
    }

    @Test
    void modulesWhoseFeaturesAreZeroScoreNothing() {
        Matrix weight = randomMatrix(DataType.F32, 2, 3);
        Measured measured = new Measured(9, Map.of(GRAM, DoubleMatrix.allocate(arena, 3, 3)));

        assertThat(score(module(mlp(2, 3), weight, measured))).containsExactly(0, 0, 0);
    }

    @Test
    void linearlyDependentFeaturesNeedARidge() {
        ModuleView module = module(mlp(3, 129), DataType.F32); // of fewer tokens, where no share of what is kept helps
        assertThatIllegalArgumentException()
                .isThrownBy(() -> score(criterion(Map.of("ridge", "0", "penalty", "1e-300")), module, 100))
                .withMessageContainingAll("layer 17, MLP", "positive definite", "raise the option ridge");
    }
}
