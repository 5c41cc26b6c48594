package io.fastforward.sparsifiers;

import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.model.MapShape;
import io.fastforward.spi.tensor.DoubleMatrix;
import java.lang.foreign.Arena;
import java.util.SplittableRandom;

/**
 * Minimises ½ Σ ‖W′ x* − W x‖² + λ Σ |W′_ij| by proximal gradient steps with momentum (Beck and Teboulle, A Fast Iterative
 * Shrinkage-Thresholding Algorithm for Linear Inverse Problems, SIAM J. Imaging Sciences 2(1), 2009, section 4): with the Lipschitz
 * constant L of the gradient, V = Z − (Z G − T) ÷ L, W⁺ = V shrunk by λ ÷ L, t⁺ = (1 + √(1 + 4 t²)) ÷ 2,
 * Z = W⁺ + (t − 1) ÷ t⁺ · (W⁺ − W). Rows do not depend on each other, so they are worked on in blocks.
 */
final class Fista {

    /** Of a block of rows: it has converged when a step changes it by no more than this part of it. */
    private static final double CONVERGED = 1e-6;

    /**
     * Power iteration comes from below, and below it the steps may diverge. What it still lacks when it stands still is far
     * less than this.
     */
    private static final double SAFETY = 1.01;

    private static final double STANDS_STILL = 1e-6;
    private static final int MOST_POWERS = 200;

    private final Problem problem;
    private final LinearAlgebra algebra;
    private final double lipschitz;

    Fista(Problem problem, LinearAlgebra algebra) {
        this.problem = problem;
        this.algebra = algebra;
        this.lipschitz = SAFETY * largestEigenvalue(problem.gram(), algebra);
    }

    /** Bytes of some maps in double precision, and of the blocks of rows that are worked on. */
    static long scratchBytes(MapShape map, int maps) {
        return ((long) maps * map.rows() + 4L * Blocks.ROWS) * map.columns() * Double.BYTES;
    }

    /** Of rounds of so many steps each: every step, and two looks at the error, are a product with the Gram matrix. */
    static double multiplyAdds(MapShape map, int rounds, double steps) {
        return rounds * (steps + 2) * map.rows() * map.columns() * map.columns();
    }

    /** L, not below the largest eigenvalue of G; 0 if that is zero, and there is nothing to iterate. */
    double lipschitz() {
        return lipschitz;
    }

    /** From a random direction, which is always the same, so that results are. */
    private static double largestEigenvalue(DoubleMatrix gram, LinearAlgebra algebra) {
        int n = gram.rows();
        SplittableRandom random = new SplittableRandom(n);
        double[] direction = random.doubles(n, -1, 1).toArray();
        double eigenvalue = 0;
        try (Arena scratch = Arena.ofShared()) {
            DoubleMatrix vector = DoubleMatrix.allocate(scratch, 1, n);
            DoubleMatrix product = DoubleMatrix.allocate(scratch, 1, n);
            for (int k = 0; k < MOST_POWERS; k++) {
                normalise(direction);
                vector.writeRow(0, direction, direction.length);
                algebra.multiply(vector, gram, product);
                product.readRow(0, direction, direction.length);
                double next = norm(direction);
                if (next == 0 || next - eigenvalue <= STANDS_STILL * next) {
                    return next;
                }
                eigenvalue = next;
            }
        }
        return eigenvalue;
    }

    private static void normalise(double[] vector) {
        double norm = norm(vector);
        for (int j = 0; j < vector.length; j++) {
            vector[j] /= norm;
        }
    }

    private static double norm(double[] vector) {
        double sum = 0;
        for (double element : vector) {
            sum += element * element;
        }
        return Math.sqrt(sum);
    }

    /**
     * Goes so many steps, or fewer where rows have converged.
     *
     * @param start {@code outputs × inputs}; read only
     * @param shrinkage λ ÷ L: by how much one step shrinks weights
     * @param result {@code outputs × inputs}
     */
    void run(DoubleMatrix start, double shrinkage, int iterations, DoubleMatrix result) {
        Blocks.copy(start, result);
        Blocks.forRows(start.rows(), (first, count) -> {
            try (Arena scratch = Arena.ofShared()) {
                run(
                        result.block(first, count, 0, result.columns()),
                        problem.targets()
                                .block(first, count, 0, problem.targets().columns()),
                        shrinkage,
                        iterations,
                        scratch);
            }
        });
    }

    private void run(DoubleMatrix weights, DoubleMatrix targets, double shrinkage, int iterations, Arena scratch) {
        DoubleMatrix ahead = DoubleMatrix.allocate(scratch, weights.rows(), weights.columns());
        DoubleMatrix products = DoubleMatrix.allocate(scratch, weights.rows(), weights.columns());
        Blocks.copy(weights, ahead);
        double t = 1;
        for (int k = 0; k < iterations; k++) {
            algebra.multiply(ahead, problem.gram(), products);
            double next = (1 + Math.sqrt(1 + 4 * t * t)) / 2;
            if (step(weights, ahead, products, targets, shrinkage, (t - 1) / next)) {
                return;
            }
            t = next;
        }
    }

    /** Whether the rows have converged. */
    private boolean step(
            DoubleMatrix weights,
            DoubleMatrix ahead,
            DoubleMatrix products,
            DoubleMatrix targets,
            double shrinkage,
            double momentum) {
        int columns = weights.columns();
        double[] before = new double[columns];
        double[] moved = new double[columns];
        double[] product = new double[columns];
        double[] target = new double[columns];
        double scale = 1 / lipschitz;
        double changed = 0;
        double size = 0;
        for (int i = 0; i < weights.rows(); i++) {
            weights.readRow(i, before, before.length);
            ahead.readRow(i, moved, moved.length);
            products.readRow(i, product, product.length);
            targets.readRow(i, target, target.length);
            for (int j = 0; j < columns; j++) {
                double v = moved[j] - (product[j] - target[j]) * scale;
                moved[j] = v - Math.max(-shrinkage, Math.min(shrinkage, v));
            }
            weights.writeRow(i, moved, moved.length);
            for (int j = 0; j < columns; j++) {
                double change = moved[j] - before[j];
                changed += change * change;
                size += before[j] * before[j];
                moved[j] += momentum * change;
            }
            ahead.writeRow(i, moved, moved.length);
        }
        return changed <= CONVERGED * CONVERGED * size;
    }
}
