package io.fastforward.sparsifiers;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.spi.tensor.DoubleMatrix;
import io.fastforward.testkit.PlainLinearAlgebra;
import java.lang.foreign.Arena;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FistaTest {

    private final Arena arena = Arena.ofConfined();
    private final SplittableRandom random = new SplittableRandom(11);

    @AfterEach
    void freeMemory() {
        arena.close();
    }

    /**
     * Where the gradient of the squares is −λ·sign(w) for every weight that is not zero, and no more than λ for the others, no
     * other map is better. A run that stops at once has moved by 1e-6 of the weights' norm at most, without momentum, and the
     * conditions hold to 2·L times that.
     */
    @ParameterizedTest
    @ValueSource(doubles = {0, 0.001, 0.01, 0.1, 10})
    void whereItStopsTheConditionsOfTheL1ProblemHold(double shrinkage) {
        Problem problem = problem(5, 12, 40);
        Fista fista = new Fista(problem, new PlainLinearAlgebra());
        DoubleMatrix weights = DoubleMatrix.allocate(arena, 5, 12);
        DoubleMatrix next = DoubleMatrix.allocate(arena, 5, 12);
        for (int restart = 0; restart < 100; restart++) {
            fista.run(weights, shrinkage, 10_000, next);
            Blocks.copy(next, weights);
        }
        DoubleMatrix gradients = DoubleMatrix.allocate(arena, 5, 12);
        new PlainLinearAlgebra().multiply(weights, problem.gram(), gradients);
        double penalty = shrinkage * fista.lipschitz();
        double bound = 2e-6 * fista.lipschitz() * Math.max(norm(weights), 1e-300);
        for (int i = 0; i < 5; i++) {
            for (int j = 0; j < 12; j++) {
                double gradient = gradients.get(i, j) - problem.targets().get(i, j);
                double weight = weights.get(i, j);
                if (weight == 0) {
                    assertThat(Math.abs(gradient)).isLessThanOrEqualTo(penalty + bound);
                } else {
                    assertThat(Math.abs(gradient + penalty * Math.signum(weight)))
                            .isLessThanOrEqualTo(bound);
                }
            }
        }
    }

    @Test
    void theLargestEigenvalueIsFoundFromAbove() {
        requireBetween(new double[][] {{3}}, 3);
        requireBetween(new double[][] {{2, 0, 0, 0}, {0, 1.5, 1.5, 1.5}, {0, 1.5, 1.5, 1.5}, {0, 1.5, 1.5, 1.5}}, 4.5);
        requireBetween(new double[][] {{1, -1}, {-1, 1}}, 2);
        requireBetween(new double[][] {{5, 0, 0}, {0, 5, 0}, {0, 0, 4.9}}, 5);
        double[][] many = new double[200][200];
        for (int j = 0; j < 200; j++) {
            many[j][j] = j + 1;
        }
        requireBetween(many, 200);
        assertThat(new Fista(problem(new double[3][3]), new PlainLinearAlgebra()).lipschitz())
                .isZero();
    }

    private void requireBetween(double[][] gram, double eigenvalue) {
        assertThat(new Fista(problem(gram), new PlainLinearAlgebra()).lipschitz())
                .isBetween(eigenvalue, 1.0101 * eigenvalue);
    }

    private Problem problem(double[][] gram) {
        DoubleMatrix matrix = DoubleMatrix.allocate(arena, gram.length, gram.length);
        for (int i = 0; i < gram.length; i++) {
            matrix.writeRow(i, gram[i], gram[i].length);
        }
        return new Problem(matrix, DoubleMatrix.allocate(arena, 1, gram.length), "here");
    }

    private Problem problem(int outputs, int inputs, int tokens) {
        double[][] gram = new double[inputs][inputs];
        for (int t = 0; t < tokens; t++) {
            double common = random.nextGaussian();
            double[] seen = new double[inputs];
            for (int j = 0; j < inputs; j++) {
                seen[j] = common + random.nextGaussian();
            }
            for (int i = 0; i < inputs; i++) {
                for (int j = 0; j < inputs; j++) {
                    gram[i][j] += seen[i] * seen[j];
                }
            }
        }
        Problem without = problem(gram);
        DoubleMatrix dense = DoubleMatrix.allocate(arena, outputs, inputs);
        for (int i = 0; i < outputs * inputs; i++) {
            dense.set(i / inputs, i % inputs, random.nextGaussian());
        }
        DoubleMatrix targets = DoubleMatrix.allocate(arena, outputs, inputs);
        new PlainLinearAlgebra().multiply(dense, without.gram(), targets);
        return new Problem(without.gram(), targets, "here");
    }

    private static double norm(DoubleMatrix matrix) {
        double sum = 0;
        for (int i = 0; i < matrix.rows() * matrix.columns(); i++) {
            sum += Math.pow(matrix.get(i / matrix.columns(), i % matrix.columns()), 2);
        }
        return Math.sqrt(sum);
    }
}
