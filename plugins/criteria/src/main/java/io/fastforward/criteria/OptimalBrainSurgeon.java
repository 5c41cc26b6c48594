package io.fastforward.criteria;

import io.fastforward.spi.OptionSpec;
import io.fastforward.spi.Options;
import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.measure.ModuleView;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.prune.Criterion;
import io.fastforward.spi.prune.Workbench;
import io.fastforward.spi.tensor.DoubleMatrix;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Set;

/**
 * Optimal brain surgeon, once: a part scores what the module's output loses with it if it alone goes and the output map is
 * repaired as well as can be (see {@link RemovalLoss}), as a mean over tokens of the squared error, summed over the
 * outputs. V = (G + λI)⁻¹ with λ = ridge × mean diagonal of G.
 *
 * <p>Parts that can stand in for each other all score low, though only one of them may go; {@link GreedyOptimalBrainSurgeon}
 * sees that.
 *
 * <p>Features that are zero on all tokens score next to nothing; if all are, all score 0.
 *
 * <p>Cost for n features: a Cholesky factor and n solutions, 7/3 n³ floating-point operations; scratch memory
 * {@code n² + (outputs + 512) · n} doubles.
 */
public final class OptimalBrainSurgeon implements Criterion {

    static final OptionSpec RIDGE = OptionSpec.number(
            "ridge", "λ, relative to the mean square of the features", 1e-4, OptionSpec.Range.atLeast(0));

    /** Solutions that are held at once. */
    private static final int ROWS = 512;

    private final double ridge;

    OptimalBrainSurgeon(double ridge) {
        this.ridge = ridge;
    }

    /** Finds it by its name. */
    public static final class Provider implements Criterion.Provider {

        @Override
        public String id() {
            return "obs";
        }

        @Override
        public String description() {
            return "error of the output without the unit, all others repaired (optimal brain surgeon, Hassibi et al., 1993);"
                    + " n³ for n channels";
        }

        @Override
        public List<OptionSpec> options() {
            return List.of(RIDGE);
        }

        @Override
        public Criterion create(Options options) {
            return new OptimalBrainSurgeon(options.number(RIDGE.name()));
        }
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
        double[] scores = new double[module.spec().parts()];
        // Shared, because the linear algebra may use threads of its own.
        try (Arena scratch = Arena.ofShared()) {
            DiagonalBlocks squares = squares(module, OutputColumns.inDoublePrecision(module, scratch));
            if (gram.meanDiagonal() == 0) {
                return scores;
            }
            DiagonalBlocks inverse = inverse(gram, workbench.algebra(), scratch);
            for (int part = 0; part < scores.length; part++) {
                scores[part] = RemovalLoss.of(part, inverse, squares);
                if (!Double.isFinite(scores[part])) {
                    throw gram.notPositiveDefinite(ridge);
                }
            }
        }
        return scores;
    }

    /** WᵀW, of which the blocks of the parts. */
    static DiagonalBlocks squares(ModuleView module, DoubleMatrix weight) {
        DiagonalBlocks squares =
                new DiagonalBlocks(module.spec().parts(), module.spec().featuresPerPart());
        double[] row = new double[weight.columns()];
        for (int i = 0; i < weight.rows(); i++) {
            weight.readRow(i, row, row.length);
            squares.addSquare(row);
        }
        return squares;
    }

    /** V, of which the blocks of the parts. */
    private DiagonalBlocks inverse(FeatureGram gram, LinearAlgebra algebra, Arena scratch) {
        int size = gram.size();
        DiagonalBlocks blocks = new DiagonalBlocks(
                gram.module().spec().parts(), gram.module().spec().featuresPerPart());
        DoubleMatrix factor = DoubleMatrix.allocate(scratch, size, size);
        gram.factorWithRidge(ridge, algebra, factor);
        DoubleMatrix solutions = DoubleMatrix.allocate(scratch, Math.min(ROWS, size), size);
        double[] row = new double[size];
        for (int first = 0; first < size; first += ROWS) {
            DoubleMatrix some = solutions.leadingBlock(Math.min(ROWS, size - first), size);
            solveForIdentity(factor, first, algebra, some);
            for (int i = 0; i < some.rows(); i++) {
                some.readRow(i, row, size);
                blocks.setRow(first + i, row);
            }
        }
        return blocks;
    }

    /** Consecutive rows of the inverse of what was factored. */
    static void solveForIdentity(DoubleMatrix factor, int first, LinearAlgebra algebra, DoubleMatrix rows) {
        double[] unit = new double[rows.columns()];
        for (int i = 0; i < rows.rows(); i++) {
            unit[first + i] = 1;
            rows.writeRow(i, unit, unit.length);
            unit[first + i] = 0;
        }
        algebra.solve(factor, rows);
    }
}
