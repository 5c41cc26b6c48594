package io.fastforward.prune;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.DoubleMatrix;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;

/**
 * What a module's output lacks when it keeps the first k units of its nested order, for every k at once: the mean over tokens of
 * ‖error‖² ÷ ‖residual stream behind the module‖², after the least-squares repair of the output map.
 *
 * <p>With the features' Gram matrix relative to the residual stream, G = L Lᵀ in nested order, and the output map W, the repaired
 * error of keeping the first j features is tr(W_P S W_Pᵀ), where S = L₂₂ L₂₂ᵀ is the Schur complement of the kept ones and P are
 * those that go. Column j of Z = W L has no part of earlier features, so the error is Σ ‖Z_i‖² over i ≥ j: one factorisation
 * and one product serve all k. The same factor repairs the output map for any k: its leading block is that of the kept features.
 */
public final class ErrorCurve {

    /** Added to the diagonal of G, in units of its mean: the ridge without which collinear features count for nothing. */
    private static final double RIDGE = 1e-4;

    /** Rows of the output map that are multiplied at once. */
    private static final int ROWS = 512;

    private final ModuleSpec module;
    private final Matrix output;
    private final NestedGram gram;
    private final DoubleMatrix factor;

    /** Whether no feature is ever anything but 0. */
    private final boolean silent;

    private final LinearAlgebra algebra;

    private ErrorCurve(
            ModuleSpec module,
            Matrix output,
            NestedGram gram,
            DoubleMatrix factor,
            boolean silent,
            LinearAlgebra algebra) {
        this.module = module;
        this.output = output;
        this.gram = gram;
        this.factor = factor;
        this.silent = silent;
        this.algebra = algebra;
    }

    /** Bytes that it takes beside the Gram matrix and its factor. */
    public static long scratchBytes(long features) {
        return 2 * ROWS * features * Double.BYTES;
    }

    /**
     * Factors a module's Gram matrix.
     *
     * @param module with units as they are pruned; its parts lie in the Gram matrix and the map one after the other, unit by unit
     * @param output its output map, {@code hidden × features}
     * @param gram Σ x xᵀ ÷ ‖r‖² over the tokens
     * @param order its parts in nested order, as in a {@link io.fastforward.nested.NestedOrder}
     * @param scratch owns the factor
     * @throws Failure if what was measured is not finite
     */
    public static ErrorCurve of(
            ModuleSpec module,
            Matrix output,
            DoubleMatrix gram,
            long tokens,
            List<Integer> order,
            LinearAlgebra algebra,
            Arena scratch) {
        NestedGram nested = new NestedGram(module, gram, tokens, order);
        DoubleMatrix factor = DoubleMatrix.allocate(scratch, nested.size(), nested.size());
        double mean = copy(nested, factor);
        if (!Double.isFinite(mean)) {
            throw FailureKind.NOT_FINITE.failure("features of a module are not finite numbers, or too large for sums;"
                    + " the model overflows on the calibration text");
        }
        for (int j = 0; j < nested.size(); j++) {
            factor.set(j, j, factor.get(j, j) + (mean == 0 ? 1 : RIDGE * mean)); // or no feature ever says anything
        }
        if (!algebra.cholesky(factor)) {
            throw FailureKind.NOT_FINITE.failure("the Gram matrix of a module's features is not positive definite;"
                    + " the model overflows on the calibration text");
        }
        clearUpperTriangle(factor);
        return new ErrorCurve(module, output, nested, factor, mean == 0, algebra);
    }

    /** At k what is lacking with k units, from none to all of them: 0. */
    public double[] errors() {
        double[] curve = new double[module.units() + 1];
        if (silent) {
            return curve;
        }
        double[] byFeature = squaredColumns();
        int width = module.featuresPerUnit();
        for (int unit = module.units() - 1; unit >= 0; unit--) {
            curve[unit] = curve[unit + 1];
            for (int j = unit * width; j < (unit + 1) * width; j++) {
                curve[unit] += byFeature[j];
            }
        }
        return curve;
    }

    /**
     * The output map in nested order whose leading columns, those of some units, are repaired; the others are as they were.
     *
     * @param units how many units stay; with none, it is as it was
     * @param arena owns it
     * @return {@code hidden × features}, F32
     */
    public Matrix repaired(int units, Arena arena) {
        int kept = module.features(units);
        Matrix result = Matrix.allocate(arena, DataType.F32, output.rows(), gram.size());
        for (int i = 0; i < output.rows(); i++) {
            for (int j = 0; j < gram.size(); j++) {
                result.set(i, j, output.get(i, gram.place(j)));
            }
        }
        if (kept > 0 && kept < gram.size()) {
            addWhatGoes(result, kept);
        }
        return result;
    }

    /** W_K + W_P G_PK G_KK⁻¹. */
    private void addWhatGoes(Matrix nested, int kept) {
        int gone = gram.size() - kept;
        int block = Math.min(ROWS, nested.rows());
        try (Arena scratch = Arena.ofShared()) {
            DoubleMatrix cross = cross(kept, scratch);
            DoubleMatrix weights = DoubleMatrix.allocate(scratch, block, gone);
            DoubleMatrix changes = DoubleMatrix.allocate(scratch, block, kept);
            double[] row = new double[Math.max(kept, gone)];
            for (int first = 0; first < nested.rows(); first += block) {
                int rows = Math.min(block, nested.rows() - first);
                for (int i = 0; i < rows; i++) {
                    for (int j = 0; j < gone; j++) {
                        row[j] = nested.get(first + i, kept + j);
                    }
                    weights.writeRow(i, row, gone);
                }
                DoubleMatrix change = changes.leadingBlock(rows, kept);
                algebra.multiply(weights.leadingBlock(rows, gone), cross, change);
                algebra.solve(factor.leadingBlock(kept, kept), change);
                for (int i = 0; i < rows; i++) {
                    change.readRow(i, row, kept);
                    for (int j = 0; j < kept; j++) {
                        nested.set(first + i, j, (float) (nested.get(first + i, j) + row[j]));
                    }
                }
            }
        }
    }

    /** The part of the Gram matrix of features that go, in rows, with those that stay. */
    private DoubleMatrix cross(int kept, Arena scratch) {
        int gone = gram.size() - kept;
        DoubleMatrix cross = DoubleMatrix.allocate(scratch, gone, kept);
        double[] row = new double[kept];
        for (int i = 0; i < gone; i++) {
            gram.readRow(kept + i, row, kept);
            cross.writeRow(i, row, kept);
        }
        return cross;
    }

    /** @return the mean of the diagonal */
    private static double copy(NestedGram gram, DoubleMatrix target) {
        double[] row = new double[gram.size()];
        double diagonal = 0;
        for (int i = 0; i < row.length; i++) {
            gram.readRow(i, row, row.length);
            diagonal += row[i];
            target.writeRow(i, row, row.length);
        }
        return diagonal / row.length;
    }

    private static void clearUpperTriangle(DoubleMatrix factor) {
        double[] row = new double[factor.columns()];
        for (int i = 0; i < factor.rows(); i++) {
            factor.readRow(i, row, row.length);
            Arrays.fill(row, i + 1, row.length, 0);
            factor.writeRow(i, row, row.length);
        }
    }

    /** ‖Z_j‖² for every feature j. */
    private double[] squaredColumns() {
        double[] squares = new double[gram.size()];
        double[] row = new double[gram.size()];
        int block = Math.min(ROWS, output.rows());
        try (Arena scratch = Arena.ofShared()) {
            DoubleMatrix weights = DoubleMatrix.allocate(scratch, block, gram.size());
            DoubleMatrix products = DoubleMatrix.allocate(scratch, block, gram.size());
            for (int first = 0; first < output.rows(); first += block) {
                int rows = Math.min(block, output.rows() - first);
                for (int i = 0; i < rows; i++) {
                    for (int j = 0; j < gram.size(); j++) {
                        row[j] = output.get(first + i, gram.place(j));
                    }
                    weights.writeRow(i, row, row.length);
                }
                DoubleMatrix result = products.leadingBlock(rows, gram.size());
                algebra.multiply(weights.leadingBlock(rows, gram.size()), factor, result);
                for (int i = 0; i < rows; i++) {
                    result.readRow(i, row, row.length);
                    for (int j = 0; j < gram.size(); j++) {
                        squares[j] += row[j] * row[j];
                    }
                }
            }
        }
        return squares;
    }
}
