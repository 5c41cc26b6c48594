package io.fastforward.criteria;

import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.tensor.DoubleMatrix;
import java.lang.foreign.Arena;
import java.util.Arrays;

/**
 * An output map that is fitted to what it was, ½‖W′X − WX‖² + ½ρ‖W′ diag(s)‖², on features that are brought to a mean square
 * of 1.
 */
final class PenalisedMap {

    /** Rows of W′ that are solved for at once. */
    private static final int ROWS = 512;

    private final FeatureGram gram;
    private final double ridge;
    private final LinearAlgebra algebra;
    private final int width;
    private final double[] scales;
    private final DoubleMatrix target;
    private final DoubleMatrix factor;
    private final DoubleMatrix rows;

    private PenalisedMap(
            FeatureGram gram,
            double ridge,
            LinearAlgebra algebra,
            double[] scales,
            DoubleMatrix target,
            Arena scratch) {
        this.gram = gram;
        this.ridge = ridge;
        this.algebra = algebra;
        this.width = gram.module().spec().featuresPerPart();
        this.scales = scales;
        this.target = target;
        this.factor = DoubleMatrix.allocate(scratch, gram.size(), gram.size());
        this.rows = DoubleMatrix.allocate(scratch, Math.min(ROWS, target.rows()), gram.size());
    }

    /** That of a module. */
    static PenalisedMap of(FeatureGram gram, double ridge, LinearAlgebra algebra, Arena scratch) {
        double[] scales = Arrays.stream(gram.meanSquares())
                .map(square -> square == 0 ? 0 : 1 / Math.sqrt(square))
                .toArray();
        return new PenalisedMap(gram, ridge, algebra, scales, target(gram, scales, algebra, scratch), scratch);
    }

    /** T = W̃G̃ = W G D⁻¹. */
    private static DoubleMatrix target(FeatureGram gram, double[] scales, LinearAlgebra algebra, Arena scratch) {
        DoubleMatrix target;
        try (Arena arena = Arena.ofShared()) {
            DoubleMatrix weight = OutputColumns.inDoublePrecision(gram.module(), arena);
            target = DoubleMatrix.allocate(scratch, weight.rows(), weight.columns());
            algebra.multiply(weight, gram.sums(), target);
        }
        double[] row = new double[target.columns()];
        for (int i = 0; i < target.rows(); i++) {
            target.readRow(i, row, row.length);
            for (int j = 0; j < row.length; j++) {
                row[j] *= scales[j] / gram.module().measured().tokens();
            }
            target.writeRow(i, row, row.length);
        }
        return target;
    }

    /**
     * ‖W′_j‖² summed over the columns j of each part, for W′ = T (G̃ + ρ diag(s²) + ridge·I)⁻¹.
     *
     * @param shares s, for every part
     * @throws IllegalArgumentException if the matrix is not positive definite
     */
    double[] squaredNorms(double rho, double[] shares) {
        double[] added = new double[gram.size()];
        for (int j = 0; j < added.length; j++) {
            double share = shares[j / width];
            // What is zero on all tokens has no scale: a 1 on the diagonal, and nothing beside it, leaves W′ at 0
            // there.
            added[j] = rho * share * share + ridge + (scales[j] == 0 ? 1 : 0);
        }
        gram.factor(scales, added, ridge, algebra, factor);
        double[] norms = new double[shares.length];
        double[] row = new double[gram.size()];
        for (int first = 0; first < target.rows(); first += ROWS) {
            int count = Math.min(ROWS, target.rows() - first);
            for (int i = 0; i < count; i++) {
                target.readRow(first + i, row, row.length);
                rows.writeRow(i, row, row.length);
            }
            algebra.solve(factor, rows.leadingBlock(count, gram.size()));
            for (int i = 0; i < count; i++) {
                rows.readRow(i, row, row.length);
                for (int j = 0; j < row.length; j++) {
                    norms[j / width] += row[j] * row[j];
                }
            }
        }
        requireFinite(norms);
        return norms;
    }

    private void requireFinite(double[] norms) {
        if (!Arrays.stream(norms).allMatch(Double::isFinite)) {
            throw gram.notPositiveDefinite(ridge);
        }
    }
}
