package io.fastforward.prune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fastforward.failure.FailureKind;
import io.fastforward.model.Model;
import io.fastforward.nested.NestedOrder;
import io.fastforward.spi.model.AttentionUnit;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.DoubleMatrix;
import io.fastforward.spi.tensor.Matrix;
import io.fastforward.testing.Backends;
import io.fastforward.testing.Failures;
import io.fastforward.testing.Golden;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ErrorCurveTest {

    private static final int TOKENS = 40;

    /**
     * For every number of units against the least squares themselves: the error of the output map whose kept columns are fitted
     * anew, worked out by elimination, with the same ridge on the diagonal.
     */
    @ParameterizedTest
    @EnumSource(AttentionUnit.class)
    void itIsTheErrorAfterTheBestRepair(AttentionUnit unit) {
        SplittableRandom random = new SplittableRandom(11);
        for (ModuleSpec module : modules(unit)) {
            int features = module.features(module.units());
            try (Arena arena = Arena.ofShared()) {
                Matrix output = Matrix.allocate(arena, DataType.F32, module.hiddenSize(), features);
                for (int i = 0; i < output.rows(); i++) {
                    for (int j = 0; j < features; j++) {
                        output.set(i, j, (float) random.nextGaussian());
                    }
                }
                DoubleMatrix gram = gram(random, features, arena);
                double[] scores = random.doubles(module.parts()).toArray();
                List<Integer> order = NestedOrder.ranked(module, scores);
                double[] curve = curve(module, output, copy(gram, arena), order, 0, arena)
                        .errors();
                assertThat(curve).hasSize(module.units() + 1);
                for (int kept = 0; kept <= module.units(); kept++) {
                    List<Integer> columns = kept(module, scores, kept);
                    double expected = leastSquares(output, gram, columns);
                    ErrorCurve one = curve(module, output, copy(gram, arena), order, kept, arena);
                    assertThat(one.errors()).containsExactly(curve);
                    assertThat(one.repaired().isPresent()).isEqualTo(kept > 0);
                    one.repaired().ifPresent(map -> requireRepaired(map, output, gram, columns, expected));
                    assertThat(curve[kept])
                            .as("%s, %d units", module, kept)
                            .isCloseTo(expected, within(1e-9 * curve[0]));
                }
                assertThat(curve[module.units()]).isZero();
            }
        }
    }

    private static ErrorCurve curve(
            ModuleSpec module, Matrix output, DoubleMatrix gram, List<Integer> order, int units, Arena arena) {
        return ErrorCurve.of(module, output, gram, TOKENS, order, units, Backends.linearAlgebra(), arena);
    }

    /** It works where the Gram matrix is. */
    private static DoubleMatrix copy(DoubleMatrix gram, Arena arena) {
        DoubleMatrix copy = DoubleMatrix.allocate(arena, gram.rows(), gram.columns());
        double[] row = new double[gram.columns()];
        for (int i = 0; i < gram.rows(); i++) {
            gram.readRow(i, row, row.length);
            copy.writeRow(i, row, row.length);
        }
        return copy;
    }

    private static List<ModuleSpec> modules(AttentionUnit unit) {
        try (Model model = Model.open(Golden.path("tiny-gqa"))) {
            ModelSpec spec = model.spec().withAttentionUnit(unit);
            return spec.modules().subList(0, 2);
        }
    }

    /** The columns that stay, worked out from scores alone: the best part of every group, then the second best, and so on. */
    private static List<Integer> kept(ModuleSpec module, double[] scores, int kept) {
        int groups = module.partsPerUnit();
        List<Integer> columns = new ArrayList<>();
        for (int rank = 0; rank < kept; rank++) {
            for (int group = 0; group < groups; group++) {
                List<Integer> places = new ArrayList<>();
                for (int unit = 0; unit < module.units(); unit++) {
                    places.add(unit * groups + group);
                }
                places.sort((a, b) -> Double.compare(scores[b], scores[a]));
                for (int number = 0; number < module.featuresPerPart(); number++) {
                    columns.add(places.get(rank) * module.featuresPerPart() + number);
                }
            }
        }
        return columns;
    }

    private static DoubleMatrix gram(SplittableRandom random, int features, Arena arena) {
        double[][] rows = new double[TOKENS][];
        Arrays.setAll(rows, t -> random.doubles(features, -1, 1).toArray());
        DoubleMatrix gram = DoubleMatrix.allocate(arena, features, features);
        for (int i = 0; i < features; i++) {
            for (int j = 0; j < features; j++) {
                double sum = 0;
                for (double[] row : rows) {
                    sum += row[i] * row[j];
                }
                gram.set(i, j, sum);
            }
        }
        return gram;
    }

    private static double[][] regularised(DoubleMatrix gram) {
        int n = gram.rows();
        double mean = 0;
        for (int i = 0; i < n; i++) {
            mean += gram.get(i, i) / TOKENS / n;
        }
        double[][] g = new double[n][n];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                g[i][j] = gram.get(i, j) / TOKENS + (i == j ? 1e-4 * mean : 0);
            }
        }
        return g;
    }

    /** min over V of tr((V − W) G (V − W)ᵀ), where only the kept columns of V are not zero. */
    private static double leastSquares(Matrix output, DoubleMatrix gram, List<Integer> kept) {
        double[][] g = regularised(gram);
        int n = g.length;
        double total = 0;
        for (int row = 0; row < output.rows(); row++) {
            double[] target = new double[n];
            for (int j = 0; j < n; j++) {
                for (int k = 0; k < n; k++) {
                    target[j] += output.get(row, k) * g[k][j];
                }
            }
            double[] fitted = solve(g, target, kept);
            double[] difference = new double[n];
            for (int j = 0; j < n; j++) {
                difference[j] = -output.get(row, j);
            }
            for (int j = 0; j < kept.size(); j++) {
                difference[kept.get(j)] += fitted[j];
            }
            for (int i = 0; i < n; i++) {
                for (int j = 0; j < n; j++) {
                    total += difference[i] * g[i][j] * difference[j];
                }
            }
        }
        return total;
    }

    /** The map with repaired columns has the error that is said to be the least, but for being rounded. */
    private static void requireRepaired(
            Matrix repaired, Matrix output, DoubleMatrix gram, List<Integer> kept, double least) {
        double[][] g = regularised(gram);
        double total = 0;
        double all = 0;
        for (int row = 0; row < output.rows(); row++) {
            double[] difference = new double[g.length];
            double[] whole = new double[g.length];
            for (int j = 0; j < g.length; j++) {
                whole[j] = output.get(row, j);
                difference[j] = -output.get(row, j);
            }
            for (int j = 0; j < kept.size(); j++) {
                difference[kept.get(j)] += repaired.get(row, j);
            }
            total += quadratic(g, difference);
            all += quadratic(g, whole);
        }
        assertThat(total).isCloseTo(least, within(1e-5 * all));
    }

    private static double quadratic(double[][] g, double[] x) {
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            for (int j = 0; j < x.length; j++) {
                sum += x[i] * g[i][j] * x[j];
            }
        }
        return sum;
    }

    /** Gaussian elimination of the kept rows and columns, which are positive definite. */
    private static double[] solve(double[][] g, double[] target, List<Integer> kept) {
        int n = kept.size();
        double[][] a = new double[n][n + 1];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                a[i][j] = g[kept.get(i)][kept.get(j)];
            }
            a[i][n] = target[kept.get(i)];
        }
        for (int pivot = 0; pivot < n; pivot++) {
            for (int i = pivot + 1; i < n; i++) {
                double factor = a[i][pivot] / a[pivot][pivot];
                for (int j = pivot; j <= n; j++) {
                    a[i][j] -= factor * a[pivot][j];
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
    void featuresThatSayNothingLeaveNoError() {
        ModuleSpec module = modules(AttentionUnit.KV_GROUP).getLast();
        int features = module.features(module.units());
        try (Arena arena = Arena.ofShared()) {
            Matrix output = Matrix.allocate(arena, DataType.F32, module.hiddenSize(), features);
            DoubleMatrix gram = DoubleMatrix.allocate(arena, features, features);
            List<Integer> order = NestedOrder.ranked(module, new double[module.parts()]);
            assertThat(curve(module, output, copy(gram, arena), order, 0, arena).errors())
                    .containsOnly(0);
            gram.set(0, 0, Double.NaN);
            Failures.expect(FailureKind.NOT_FINITE, () -> curve(module, output, gram, order, 0, arena), "not finite");
        }
    }
}
