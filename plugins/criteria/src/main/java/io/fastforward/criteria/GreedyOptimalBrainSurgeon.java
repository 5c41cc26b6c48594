package io.fastforward.criteria;

import io.fastforward.spi.OptionSpec;
import io.fastforward.spi.Options;
import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.measure.ModuleView;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.prune.Criterion;
import io.fastforward.spi.prune.Workbench;
import io.fastforward.spi.tensor.DoubleMatrix;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/**
 * Optimal brain surgeon, part by part: the part whose loss is smallest (see {@link RemovalLoss}) goes, the output map and the
 * inverse Gram matrix are brought up to date, and so on until one part is left. So a part that another one stood in for is
 * dear as soon as that is gone.
 *
 * <p>A part scores what has been lost by the time that it has gone: the sum of the losses up to its own, as a mean over
 * tokens of the squared error, summed over the outputs; with λ as in {@link OptimalBrainSurgeon}. That is the error of the
 * best repair when this part and all that score lower are gone, so it compares across modules, which ranks would not. The order
 * of scores is that of removal, and it is complete: it depends on no number of units to be kept.
 *
 * <p>Features that are zero on all tokens go first; if all are, all score 0.
 *
 * <p>Cost for n features: the inverse, 7/3 n³ floating-point operations; squares of the weights, 2 · outputs · n²; and
 * 2 n³ for the removals, all but a hundredth of it in products of matrices. See {@link Elimination}. An MLP of 11008
 * channels and 4096 outputs takes 7 · 10¹² operations, a few minutes on a CPU of 50 GFlop/s, for every layer. Scratch memory:
 * {@code 2 n² + (outputs + 1024) · n} doubles, 2.4 GB there.
 */
public final class GreedyOptimalBrainSurgeon implements Criterion {

    private static final OptionSpec RIDGE = OptimalBrainSurgeon.RIDGE;

    /** Columns of the weights whose products with all others are computed at once. */
    private static final int COLUMNS = 512;

    private final double ridge;

    GreedyOptimalBrainSurgeon(double ridge) {
        this.ridge = ridge;
    }

    /** Finds it by its name. */
    public static final class Provider implements Criterion.Provider {

        @Override
        public String id() {
            return "greedy-obs";
        }

        @Override
        public String description() {
            return "units removed one by one, the rest repaired each time (optimal brain surgeon); 5 n³ for n channels, and"
                    + " room for 2 n² numbers";
        }

        @Override
        public List<OptionSpec> options() {
            return List.of(RIDGE);
        }

        @Override
        public Criterion create(Options options) {
            return new GreedyOptimalBrainSurgeon(options.number(RIDGE.name()));
        }
    }

    /** An inverse, the squares of the weights, and the removals. */
    @Override
    public double multiplyAdds(ModuleSpec module) {
        double features = module.features(module.units());
        return Criterion.super.multiplyAdds(module) + (features + module.hiddenSize()) * features * features;
    }

    @Override
    public Set<Wish> wishes() {
        return Set.of(Features.GRAM);
    }

    @Override
    public boolean dependsOnKept() {
        return false;
    }

    @Override
    public double[] score(ModuleView module, int kept, Workbench workbench) {
        FeatureGram gram = FeatureGram.of(module);
        LinearAlgebra algebra = workbench.algebra();
        // Shared, because the linear algebra may use threads of its own.
        try (Arena scratch = Arena.ofShared()) {
            DoubleMatrix weight = OutputColumns.inDoublePrecision(module, scratch);
            if (gram.meanDiagonal() == 0) {
                return new double[module.spec().parts()];
            }
            DoubleMatrix inverse = inverse(gram, algebra, scratch);
            DoubleMatrix squares = squares(weight, algebra, scratch);
            double[] scores =
                    new Elimination(algebra, module.spec().featuresPerPart(), inverse, squares).lossesByRemoval();
            if (!Arrays.stream(scores).allMatch(Double::isFinite)) {
                throw gram.notPositiveDefinite(ridge);
            }
            return scores;
        }
    }

    /** V. */
    private DoubleMatrix inverse(FeatureGram gram, LinearAlgebra algebra, Arena scratch) {
        int size = gram.size();
        DoubleMatrix inverse = DoubleMatrix.allocate(scratch, size, size);
        try (Arena arena = Arena.ofShared()) { // what is left of it is needed for the squares
            DoubleMatrix factor = DoubleMatrix.allocate(arena, size, size);
            gram.factorWithRidge(ridge, algebra, factor);
            OptimalBrainSurgeon.solveForIdentity(factor, 0, algebra, inverse);
        }
        return inverse;
    }

    /** WᵀW. */
    private static DoubleMatrix squares(DoubleMatrix weight, LinearAlgebra algebra, Arena scratch) {
        int size = weight.columns();
        DoubleMatrix squares = DoubleMatrix.allocate(scratch, size, size);
        DoubleMatrix some = DoubleMatrix.allocate(scratch, Math.min(COLUMNS, size), weight.rows());
        double[] row = new double[size];
        for (int first = 0; first < size; first += COLUMNS) {
            int count = Math.min(COLUMNS, size - first);
            for (int i = 0; i < weight.rows(); i++) {
                weight.readRow(i, row, size);
                for (int j = 0; j < count; j++) {
                    some.set(j, i, row[first + j]);
                }
            }
            algebra.multiply(
                    some.leadingBlock(count, weight.rows()), weight, squares.block(first, count, 0, squares.columns()));
        }
        return squares;
    }
}
