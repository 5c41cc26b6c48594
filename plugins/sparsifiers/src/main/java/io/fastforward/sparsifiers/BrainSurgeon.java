package io.fastforward.sparsifiers;

import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.prune.Pattern;
import io.fastforward.spi.tensor.DoubleMatrix;
import java.lang.foreign.Arena;

/**
 * Removes weights column by column, each time changing the later weights of the row as is best for what it computes (optimal
 * brain surgeon with the columns in order: Frantar and Alistarh, SparseGPT, ICML 2023, algorithm 1).
 *
 * @param damping what is added to the diagonal of the Gram matrix, relative to its mean
 * @param block columns of which the weights to be removed are chosen together, for a share of zeros; work is done on as many
 *     at once for groups of weights, too
 */
record BrainSurgeon(double damping, int block) {

    /** The settings of the authors. */
    static final BrainSurgeon DEFAULT = new BrainSurgeon(0.01, 128);

    /**
     * Removes weights. Scratch memory: a matrix of the Gram matrix's size, and one of the weights'.
     *
     * @param gram Σ x xᵀ of what the weights get to see, finite
     * @param weights {@code outputs × inputs}; become the result
     * @param place of the map, for messages
     * @return which weights stay
     * @throws IllegalArgumentException if the Gram matrix is not positive semidefinite
     */
    Mask prune(DoubleMatrix gram, DoubleMatrix weights, Pattern pattern, String place, LinearAlgebra algebra) {
        // Shared, because the linear algebra may use threads of its own.
        try (Arena scratch = Arena.ofShared()) {
            clearDeadInputs(gram, weights);
            InputFactor factor = InputFactor.of(gram, damping, place, algebra, scratch);
            return new Pruning(factor, weights, pattern, width(pattern, weights.columns()), algebra, scratch).run();
        }
    }

    /** Groups do not go across blocks. */
    private int width(Pattern pattern, int columns) {
        return switch (pattern) {
            case Pattern.Share _ -> Math.min(block, columns);
            case Pattern.Groups groups -> Math.min(columns, Math.max(1, block / groups.size()) * groups.size());
        };
    }

    /** What weighs inputs that are always zero does nothing, and nothing can make up for it. */
    private static void clearDeadInputs(DoubleMatrix gram, DoubleMatrix weights) {
        for (int j = 0; j < gram.rows(); j++) {
            if (!(gram.get(j, j) > 0)) {
                for (int i = 0; i < weights.rows(); i++) {
                    weights.set(i, j, 0);
                }
            }
        }
    }

    private static final class Pruning {

        private final InputFactor factor;
        private final DoubleMatrix weights;
        private final Pattern pattern;
        private final LinearAlgebra algebra;
        private final Arena scratch;
        private final Mask mask;

        /** By how much the weights were more before than they are now, in the columns that are done. */
        private final DoubleMatrix removed;

        /** What a unit of it takes off the columns of a block. */
        private final DoubleMatrix carried;

        Pruning(
                InputFactor factor,
                DoubleMatrix weights,
                Pattern pattern,
                int width,
                LinearAlgebra algebra,
                Arena scratch) {
            this.factor = factor;
            this.weights = weights;
            this.pattern = pattern;
            this.algebra = algebra;
            this.scratch = scratch;
            this.mask = Mask.whole(weights.rows(), weights.columns());
            this.removed = DoubleMatrix.allocate(scratch, weights.rows(), weights.columns());
            this.carried = DoubleMatrix.allocate(scratch, weights.columns(), width);
        }

        Mask run() {
            int width = carried.columns();
            DoubleMatrix buffer = DoubleMatrix.allocate(scratch, weights.rows(), width);
            DoubleMatrix square = DoubleMatrix.allocate(scratch, width, width);
            long chosen = 0;
            for (int first = 0; first < weights.columns(); first += width) {
                int count = Math.min(width, weights.columns() - first);
                DoubleMatrix current = buffer.leadingBlock(weights.rows(), count);
                DoubleMatrix updates = square.leadingBlock(count, count);
                factor.updates(first, updates);
                update(first, updates, current);
                if (pattern instanceof Pattern.Share share) {
                    // The floors of single blocks might add up to less than the map is to have.
                    long upToHere = share.zerosInMap(weights.rows(), first + count);
                    choose(first, current, upToHere - chosen);
                    chosen = upToHere;
                }
                prune(first, updates, current);
            }
            return mask;
        }

        /**
         * The weights of a block, with what the blocks before it have taken off them. The factor alone would say what column j
         * becomes once those before it in the block are done; times the block's updates, it says so while they are still free.
         */
        private void update(int first, DoubleMatrix updates, DoubleMatrix current) {
            int count = current.columns();
            if (first > 0) {
                DoubleMatrix carried = this.carried.leadingBlock(first, count);
                algebra.multiply(factor.scaled().block(0, first, first, count), updates, carried);
                algebra.multiply(removed.leadingBlock(weights.rows(), first), carried, current);
            }
            DoubleMatrix block = weights.block(0, weights.rows(), first, count);
            double[] row = new double[count];
            double[] product = new double[count];
            for (int i = 0; i < weights.rows(); i++) {
                block.readRow(i, row, row.length);
                if (first > 0) {
                    current.readRow(i, product, product.length);
                    for (int j = 0; j < count; j++) {
                        row[j] += product[j];
                    }
                }
                current.writeRow(i, row, row.length);
            }
        }

        private void choose(int first, DoubleMatrix current, long zeros) {
            double[] factors = diagonal(first, current.columns());
            mask.dropLowest(0, weights.rows(), first, current.columns(), zeros, Scores.magnitudes(current, factors));
        }

        /** 1 ÷ U_jj: a weight's score is w² ÷ U_jj², here its root. */
        private double[] diagonal(int first, int count) {
            double[] factors = new double[count];
            System.arraycopy(factor.diagonal(), first, factors, 0, count);
            return factors;
        }

        private void prune(int first, DoubleMatrix inverse, DoubleMatrix current) {
            int count = current.columns();
            double[][] updates = new double[count][count];
            for (int k = 0; k < count; k++) {
                inverse.readRow(k, updates[k], updates[k].length);
            }
            double[] factors = diagonal(first, count);
            DoubleMatrix block = weights.block(0, weights.rows(), first, count);
            DoubleMatrix removedBlock = removed.block(0, weights.rows(), first, count);
            double[] row = new double[count];
            double[] before = new double[count];
            for (int i = 0; i < weights.rows(); i++) {
                current.readRow(i, row, row.length);
                prune(i, first, row, updates, factors);
                block.readRow(i, before, before.length);
                block.writeRow(i, row, row.length);
                for (int j = 0; j < count; j++) {
                    before[j] -= row[j];
                }
                removedBlock.writeRow(i, before, before.length);
            }
        }

        private void prune(int i, int first, double[] row, double[][] updates, double[] factors) {
            double[] scores = new double[pattern instanceof Pattern.Groups groups ? groups.size() : 0];
            for (int k = 0; k < row.length; k++) {
                if (pattern instanceof Pattern.Groups groups && k % groups.size() == 0) {
                    for (int j = 0; j < scores.length; j++) {
                        scores[j] = Math.abs(row[k + j]) * factors[k + j];
                    }
                    mask.dropInGroup(i, first + k, scores, 0, scores.length, scores.length - groups.others());
                }
                if (!mask.keeps(i, first + k)) {
                    double gone = row[k];
                    double[] update = updates[k];
                    row[k] = 0;
                    for (int j = k + 1; j < row.length; j++) {
                        row[j] -= gone * update[j];
                    }
                }
            }
        }
    }
}
