package io.fastforward.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.DoubleMatrix;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.BitSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What every provider of linear algebra has to do. A test class of one extends it and names the provider. */
public abstract class LinearAlgebraContract {

    private final Arena arena = Arena.ofShared();
    private LinearAlgebra algebra;

    /** The provider under test; it must be available where the test runs. */
    protected abstract LinearAlgebra.Provider provider();

    @BeforeEach
    final void open() {
        algebra = provider().open(2);
    }

    @AfterEach
    final void close() {
        algebra.close();
        arena.close();
    }

    @Test
    void saysWhatItIs() {
        assertThat(provider().id()).matches("[a-z0-9-]+");
        assertThat(provider().probe().available()).isTrue();
        assertThat(provider().probe().message()).isNotBlank().doesNotContain("\n");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7, 65, 130, 401})
    void choleskySolvesPositiveDefiniteSystems(int size) {
        DoubleMatrix matrix = positiveDefinite(size, 50);
        double[][] original = values(matrix);
        for (int i = 0; i < size; i++) {
            for (int j = i + 1; j < size; j++) {
                matrix.set(i, j, Double.NaN); // must not be read
            }
        }
        assertThat(algebra.cholesky(matrix)).isTrue();
        for (int i = 0; i < size; i++) {
            for (int j = 0; j < size; j++) {
                if (j > i) {
                    assertThat(matrix.get(i, j)).isNaN();
                } else {
                    double product = 0;
                    for (int k = 0; k <= j; k++) {
                        product += matrix.get(i, k) * matrix.get(j, k);
                    }
                    // |A − L·Lᵀ| ≤ (n + 1)·u·|L|·|Lᵀ|, whose elements are at most those of A's diagonal.
                    double bound = 4 * (size + 1) * Math.ulp(1.0) * Math.max(original[i][i], original[j][j]);
                    assertClose(product, original[i][j], bound);
                }
            }
        }

        DoubleMatrix solutions = new RandomWeights(arena, DataType.F32, 51).doubles(5, size);
        double[][] right = values(solutions);
        algebra.solve(matrix, solutions);
        for (int row = 0; row < 5; row++) {
            for (int i = 0; i < size; i++) {
                double product = 0;
                double magnitude = 0;
                for (int j = 0; j < size; j++) {
                    product += original[i][j] * solutions.get(row, j);
                    magnitude += Math.sqrt(original[i][i] * original[j][j]) * Math.abs(solutions.get(row, j));
                }
                double bound = 8 * (size + 1) * Math.ulp(1.0) * magnitude + 1e-300;
                assertClose(product, right[row][i], bound);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 130, 401})
    void choleskyRefusesWhatIsNotPositiveDefinite(int size) {
        DoubleMatrix negative = positiveDefinite(size, 52);
        negative.set(size - 1, size - 1, -1);
        assertThat(algebra.cholesky(negative)).isFalse();
        DoubleMatrix notANumber = positiveDefinite(size, 53);
        notANumber.set(size / 2, 0, Double.NaN);
        assertThat(algebra.cholesky(notANumber)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7, 65, 130, 300})
    void productsMatchTheReference(int size) {
        var random = new RandomWeights(arena, DataType.F32, 54);
        DoubleMatrix left = random.doubles(size, size + 3);
        DoubleMatrix right = random.doubles(size + 3, size + 1);
        DoubleMatrix result = random.doubles(size, size + 1);
        algebra.multiply(left, right, result);
        for (int i = 0; i < size; i++) {
            for (int j = 0; j < size + 1; j++) {
                double sum = 0;
                double magnitude = 0;
                for (int k = 0; k < size + 3; k++) {
                    sum += left.get(i, k) * right.get(k, j);
                    magnitude += Math.abs(left.get(i, k) * right.get(k, j));
                }
                double bound = 2 * (size + 3) * Math.ulp(1.0) * magnitude;
                assertClose(result.get(i, j), sum, bound);
            }
        }
    }

    /**
     * Against a Cholesky factor of each row's own system in double precision. After as many iterations as there are entries,
     * and some more for rounding, conjugate gradients are there; the Gram matrix is well conditioned.
     */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7, 33, 130})
    void rowsAreFittedOnTheirSupport(int size) {
        DoubleMatrix gram = positiveDefinite(size, 60);
        var random = new RandomWeights(arena, DataType.F32, 61);
        DoubleMatrix targets = random.doubles(9, size);
        DoubleMatrix rows = random.doubles(9, size);
        BitSet support = support(9, size);
        clearOutside(support, rows);
        double[][] gramValues = values(gram);

        algebra.fitOnSupport(gram, targets, support, 0, rows);
        double[][] start = values(rows);
        algebra.fitOnSupport(gram, targets, support, 3 * size + 20, rows);

        for (int i = 0; i < 9; i++) {
            double[] expected = fittedByCholesky(gram, targets, support, i);
            double largest = 1e-300;
            for (double entry : expected) {
                largest = Math.max(largest, Math.abs(entry));
            }
            for (int j = 0; j < size; j++) {
                assertClose(rows.get(i, j), expected[j], 1e-8 * largest);
                if (!support.get(i * size + j)) {
                    assertThat(rows.get(i, j)).isZero();
                    assertThat(start[i][j]).isZero();
                }
            }
        }
        assertThat(values(gram)).isDeepEqualTo(gramValues);
    }

    /** Each step goes to the lowest point along its direction. */
    @Test
    void everyIterationLowersTheErrorOfARow() {
        int size = 40;
        DoubleMatrix gram = positiveDefinite(size, 62);
        var random = new RandomWeights(arena, DataType.F32, 63);
        DoubleMatrix targets = random.doubles(9, size);
        double[] last = new double[9];
        Arrays.fill(last, Double.POSITIVE_INFINITY);
        for (int iterations = 0; iterations < 8; iterations++) {
            DoubleMatrix rows = new RandomWeights(arena, DataType.F32, 64).doubles(9, size);
            BitSet support = support(9, size);
            clearOutside(support, rows);
            algebra.fitOnSupport(gram, targets, support, iterations, rows);
            for (int i = 1; i < 9; i++) { // the first row has no entries to move
                double error = error(gram, targets, rows, i);
                assertThat(error).isLessThan(last[i]);
                last[i] = error;
            }
        }
    }

    /** Inputs that are always zero, and inputs that say the same: the fit is not unique, but it exists. */
    @Test
    void aSingularGramMatrixIsNoObstacle() {
        int size = 12;
        DoubleMatrix gram = DoubleMatrix.allocate(arena, size, size);
        DoubleMatrix seen = new RandomWeights(arena, DataType.F32, 65).doubles(5, size);
        for (int i = 0; i < size; i++) {
            for (int j = 0; j < size && i != 3; j++) {
                for (int k = 0; k < 5 && j != 3; k++) {
                    gram.set(i, j, gram.get(i, j) + seen.get(k, i) * seen.get(k, j));
                }
            }
        }
        DoubleMatrix dense = new RandomWeights(arena, DataType.F32, 66).doubles(2, size);
        DoubleMatrix targets = DoubleMatrix.allocate(arena, 2, size);
        algebra.multiply(dense, gram, targets);
        DoubleMatrix rows = DoubleMatrix.allocate(arena, 2, size);
        rows.set(1, 3, 7);
        BitSet all = new BitSet();
        all.set(0, 2 * size);
        algebra.fitOnSupport(gram, targets, all, 100, rows);
        DoubleMatrix products = DoubleMatrix.allocate(arena, 2, size);
        algebra.multiply(rows, gram, products);
        for (int i = 0; i < 2; i++) {
            for (int j = 0; j < size; j++) {
                assertClose(products.get(i, j), targets.get(i, j), 1e-9 * gram.get(0, 0));
            }
        }
        assertThat(rows.get(1, 3)).isEqualTo(7);
    }

    private static BitSet support(int rows, int columns) {
        BitSet support = new BitSet();
        for (int i = 1; i < rows; i++) { // nothing in the first row
            for (int j = 0; j < columns; j++) {
                support.set(i * columns + j, i == rows - 1 || (i * 7 + j * 5) % 3 != 0);
            }
        }
        return support;
    }

    private static void clearOutside(BitSet support, DoubleMatrix rows) {
        for (int i = 0; i < rows.rows(); i++) {
            for (int j = 0; j < rows.columns(); j++) {
                if (!support.get(i * rows.columns() + j)) {
                    rows.set(i, j, 0);
                }
            }
        }
    }

    private static double error(DoubleMatrix gram, DoubleMatrix targets, DoubleMatrix rows, int row) {
        double error = 0;
        for (int i = 0; i < rows.columns(); i++) {
            error -= 2 * rows.get(row, i) * targets.get(row, i);
            for (int j = 0; j < rows.columns(); j++) {
                error += rows.get(row, i) * gram.get(i, j) * rows.get(row, j);
            }
        }
        return error;
    }

    private double[] fittedByCholesky(DoubleMatrix gram, DoubleMatrix targets, BitSet support, int row) {
        int[] kept = IntStream.range(0, gram.rows())
                .filter(j -> support.get(row * gram.rows() + j))
                .toArray();
        DoubleMatrix system = DoubleMatrix.allocate(arena, kept.length, kept.length);
        DoubleMatrix solution = DoubleMatrix.allocate(arena, 1, kept.length);
        for (int i = 0; i < kept.length; i++) {
            solution.set(0, i, targets.get(row, kept[i]));
            for (int j = 0; j < kept.length; j++) {
                system.set(i, j, gram.get(kept[i], kept[j]));
            }
        }
        var plain = new PlainLinearAlgebra();
        assertThat(plain.cholesky(system)).isTrue();
        plain.solve(system, solution);
        double[] fitted = new double[gram.rows()];
        for (int i = 0; i < kept.length; i++) {
            fitted[kept[i]] = solution.get(0, i);
        }
        return fitted;
    }

    /** Rows of several tiles, so that threads share the work. */
    @Test
    void resultsDoNotDependOnTheNumberOfThreads() {
        double[][] alone;
        try (LinearAlgebra opened = provider().open(1)) {
            alone = factored(opened, 600);
        }
        try (LinearAlgebra opened = provider().open(3)) {
            assertThat(factored(opened, 600)).isDeepEqualTo(alone);
        }
        assertThatIllegalArgumentException().isThrownBy(() -> provider().open(0));
    }

    private double[][] factored(LinearAlgebra opened, int size) {
        DoubleMatrix matrix = positiveDefinite(size, 19);
        assertThat(opened.cholesky(matrix)).isTrue();
        DoubleMatrix rows = new RandomWeights(arena, DataType.F32, 20).doubles(300, size);
        opened.solve(matrix, rows);
        return values(rows);
    }

    @Test
    void shapesThatDoNotFitAreNamed() {
        DoubleMatrix oblong = DoubleMatrix.allocate(arena, 2, 3);
        rejected(() -> algebra.cholesky(oblong), "2 × 3");
        rejected(() -> algebra.solve(oblong, oblong), "2 × 3");
        rejected(() -> algebra.solve(DoubleMatrix.allocate(arena, 2, 2), oblong), "2 × 3", "2 × 2");
        rejected(() -> algebra.multiply(oblong, oblong, oblong), "2 × 3");
        DoubleMatrix square = positiveDefinite(3, 56);
        rejected(() -> algebra.fitOnSupport(oblong, oblong, new BitSet(), 1, oblong), "2 × 3");
        rejected(() -> algebra.fitOnSupport(square, square, new BitSet(), 1, oblong), "2 × 3", "3 × 3");
        DoubleMatrix outside = DoubleMatrix.allocate(arena, 2, 3);
        outside.set(1, 2, 5);
        rejected(() -> algebra.fitOnSupport(square, oblong, new BitSet(), 1, outside), "row 1, column 2", "5.0");
    }

    private static void rejected(Runnable call, String... named) {
        assertThatIllegalArgumentException()
                .isThrownBy(call::run)
                .satisfies(e -> assertThat(e.getMessage()).contains(named));
    }

    @Test
    void nothingWorksAfterItsEnd() {
        algebra.close();
        algebra.close();
        DoubleMatrix square = positiveDefinite(2, 55);
        assertThatIllegalStateException().isThrownBy(() -> algebra.cholesky(square));
        assertThatIllegalStateException().isThrownBy(() -> algebra.solve(square, square));
        assertThatIllegalStateException()
                .isThrownBy(() -> algebra.multiply(square, square, DoubleMatrix.allocate(arena, 2, 2)));
    }

    private static double[][] values(DoubleMatrix matrix) {
        var values = new double[matrix.rows()][matrix.columns()];
        for (int row = 0; row < matrix.rows(); row++) {
            for (int column = 0; column < matrix.columns(); column++) {
                values[row][column] = matrix.get(row, column);
            }
        }
        return values;
    }

    /** Millions of these would take long with a fluent assertion each. */
    private static void assertClose(double actual, double expected, double bound) {
        if (!(Math.abs(actual - expected) <= bound)) {
            throw new AssertionError(actual + " should be " + expected + " ± " + bound);
        }
    }

    /** A Gram matrix of random rows, with gaps between its rows in memory. */
    private DoubleMatrix positiveDefinite(int size, long seed) {
        var random = new RandomWeights(arena, DataType.F32, seed);
        double[][] factor = values(random.doubles(size, size));
        DoubleMatrix matrix = random.doubles(size, size);
        for (int i = 0; i < size; i++) {
            for (int j = 0; j < size; j++) {
                double sum = i == j ? 1 : 0;
                for (int k = 0; k < size; k++) {
                    sum += factor[i][k] * factor[j][k];
                }
                matrix.set(i, j, sum);
            }
        }
        return matrix;
    }
}
