package io.fastforward.sparsifiers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.fastforward.spi.prune.Pattern;
import io.fastforward.spi.tensor.DoubleMatrix;
import io.fastforward.testkit.PlainLinearAlgebra;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Comparator;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BrainSurgeonTest {

    private final Arena arena = Arena.ofConfined();
    private final SplittableRandom random = new SplittableRandom(7);

    @AfterEach
    void freeMemory() {
        arena.close();
    }

    /**
     * Against the closed form of optimal brain surgeon: for every column, the inverse of the Hessian of it and those after it
     * says what the later weights become.
     */
    @ParameterizedTest
    @CsvSource({
        "1, 1, 0.5, 128",
        "3, 7, 0.5, 128",
        "5, 33, 0.7, 8",
        "4, 40, 0.5, 7",
        "6, 24, 2:4, 8",
        "2, 24, 2:4, 5",
        "7, 21, 1:3, 128",
        "3, 130, 4:13, 26",
        "2, 80, 10:40, 16",
    })
    void itIsTheClosedFormColumnByColumn(int rows, int columns, String pattern, int block) {
        double[][] gram = gram(columns, 2 * columns + 3);
        double[][] dense = gaussian(rows, columns);
        DoubleMatrix weights = matrix(dense);
        Mask mask = new BrainSurgeon(0.01, block)
                .prune(matrix(gram), weights, Pattern.parse(pattern), "here", new PlainLinearAlgebra());
        double[][] expected = bruteForce(gram, dense, Pattern.parse(pattern), block);
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                // The damped Gram matrix has a condition number below 1e5, and an error of 2⁻⁵³ is raised by it.
                assertThat(weights.get(i, j)).as("%d, %d", i, j).isCloseTo(expected[i][j], within(1e-9));
                assertThat(mask.keeps(i, j)).isEqualTo(expected[i][j] != 0);
            }
        }
    }

    private static double[][] bruteForce(double[][] gram, double[][] dense, Pattern pattern, int block) {
        int rows = dense.length;
        int columns = gram.length;
        double[][] damped = Arrays.stream(gram).map(double[]::clone).toArray(double[][]::new);
        double mean = IntStream.range(0, columns).mapToDouble(j -> gram[j][j]).sum() / columns;
        for (int j = 0; j < columns; j++) {
            damped[j][j] += 0.01 * mean;
        }
        double[][][] inverses = new double[columns][][];
        for (int k = 0; k < columns; k++) {
            inverses[k] = inverseFrom(damped, k);
        }
        double[][] weights = Arrays.stream(dense).map(double[]::clone).toArray(double[][]::new);
        boolean[][] gone = new boolean[rows][columns];
        int chosen = 0;
        for (int k = 0; k < columns; k++) {
            if (pattern instanceof Pattern.Share share && k % block == 0) {
                int end = Math.min(columns, k + block);
                int count = (int) share.zerosInMap(rows, end) - chosen;
                chosen += count;
                int first = k;
                IntStream.range(0, rows * (end - first))
                        .boxed()
                        .sorted(Comparator.comparingDouble(index ->
                                score(weights, inverses, index / (end - first), first + index % (end - first))))
                        .limit(count)
                        .forEach(index -> gone[index / (end - first)][first + index % (end - first)] = true);
            }
            for (int i = 0; i < rows; i++) {
                if (pattern instanceof Pattern.Groups groups && k % groups.size() == 0) {
                    int row = i;
                    IntStream.range(k, k + groups.size())
                            .boxed()
                            .sorted(Comparator.comparingDouble(j -> score(weights, inverses, row, j)))
                            .limit(groups.size() - groups.others())
                            .forEach(j -> gone[row][j] = true);
                }
                if (gone[i][k]) {
                    double factor = weights[i][k] / inverses[k][0][0];
                    for (int j = k; j < columns; j++) {
                        weights[i][j] -= factor * inverses[k][0][j - k];
                    }
                    weights[i][k] = 0;
                }
            }
        }
        return weights;
    }

    /** What the error rises by when a weight goes, of those from its column on. */
    private static double score(double[][] weights, double[][][] inverses, int row, int column) {
        return weights[row][column] * weights[row][column] / inverses[column][0][0];
    }

    /** By Gauss and Jordan, of the rows and columns from k on. */
    private static double[][] inverseFrom(double[][] matrix, int k) {
        int n = matrix.length - k;
        double[][] both = new double[n][2 * n];
        for (int i = 0; i < n; i++) {
            System.arraycopy(matrix[k + i], k, both[i], 0, n);
            both[i][n + i] = 1;
        }
        for (int pivot = 0; pivot < n; pivot++) {
            double divisor = both[pivot][pivot];
            for (int j = 0; j < 2 * n; j++) {
                both[pivot][j] /= divisor;
            }
            for (int i = 0; i < n; i++) {
                double factor = i == pivot ? 0 : both[i][pivot];
                for (int j = 0; j < 2 * n && factor != 0; j++) {
                    both[i][j] -= factor * both[pivot][j];
                }
            }
        }
        return Arrays.stream(both).map(row -> Arrays.copyOfRange(row, n, 2 * n)).toArray(double[][]::new);
    }

    @Test
    void inputsThatAreAlwaysZeroLoseTheirWeights() {
        double[][] gram = gram(6, 20);
        for (int j = 0; j < 6; j++) {
            gram[2][j] = 0;
            gram[j][2] = 0;
        }
        DoubleMatrix weights = matrix(gaussian(4, 6));
        BrainSurgeon.DEFAULT.prune(matrix(gram), weights, Pattern.parse("0.5"), "here", new PlainLinearAlgebra());
        for (int i = 0; i < 4; i++) {
            assertThat(weights.get(i, 2)).isZero();
        }
        DoubleMatrix nothing = matrix(gaussian(4, 6));
        BrainSurgeon.DEFAULT.prune(
                matrix(new double[6][6]), nothing, Pattern.parse("0.5"), "here", new PlainLinearAlgebra());
        for (int i = 0; i < 24; i++) {
            assertThat(nothing.get(i / 6, i % 6)).isZero();
        }
    }

    /** Without damping, a Gram matrix of too few rows has no factor: the damping is raised. */
    @Test
    void aSingularGramMatrixIsDamped() {
        DoubleMatrix weights = matrix(gaussian(4, 30));
        new BrainSurgeon(0, 128)
                .prune(matrix(gram(30, 3)), weights, Pattern.parse("0.5"), "here", new PlainLinearAlgebra());
        assertThat(Math.abs(weights.get(3, 29))).isFinite();
    }

    @Test
    void whatIsNoGramMatrixIsRefusedByPlace() {
        double[][] gram = gram(5, 20);
        gram[1][0] = gram[0][1] = 1e6 * gram[0][0];
        assertThatIllegalArgumentException()
                .isThrownBy(() -> BrainSurgeon.DEFAULT.prune(
                        matrix(gram),
                        matrix(gaussian(2, 5)),
                        Pattern.parse("0.5"),
                        "layer 17, UP",
                        new PlainLinearAlgebra()))
                .withMessageContaining("layer 17, UP")
                .withMessageContaining("positive semidefinite");
    }

    private double[][] gram(int columns, int tokens) {
        double[][] rows = gaussian(tokens, columns);
        double[][] gram = new double[columns][columns];
        for (double[] row : rows) {
            double common = random.nextGaussian();
            for (int i = 0; i < columns; i++) {
                row[i] = (1 + i % 3) * (row[i] + common);
            }
            for (int i = 0; i < columns; i++) {
                for (int j = 0; j < columns; j++) {
                    gram[i][j] += row[i] * row[j];
                }
            }
        }
        return gram;
    }

    private double[][] gaussian(int rows, int columns) {
        double[][] numbers = new double[rows][columns];
        for (double[] row : numbers) {
            Arrays.setAll(row, j -> random.nextGaussian());
        }
        return numbers;
    }

    private DoubleMatrix matrix(double[][] values) {
        DoubleMatrix matrix = DoubleMatrix.allocate(arena, values.length, values[0].length);
        for (int i = 0; i < values.length; i++) {
            matrix.writeRow(i, values[i], values[i].length);
        }
        return matrix;
    }
}
