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
import java.util.Optional;

/**
 * What a module's output lacks when it keeps the first k units of its nested order, for every k at once: the mean over tokens of
 * ‖error‖² ÷ ‖residual stream behind the module‖², after the least-squares repair of the output map.
 *
 * <p>With the features' Gram matrix relative to the residual stream, G = L Lᵀ in nested order, and the output map W, the repaired
 * error of keeping the first j features is tr(W_P S W_Pᵀ), where S = L₂₂ L₂₂ᵀ is the Schur complement of the kept ones and P are
 * those that go. Column j of Z = W L has no part of earlier features, so the error is Σ ‖Z_i‖² over i ≥ j: one factorisation
 * and one product serve all k. The same factor repairs the output map for any k: its leading block is that of the kept features.
 *
 * <p>All of it happens where the Gram matrix is, which of a wide module is the largest thing that there is.
 *
 * @param errors at k what is lacking with k units, from none to all of them: 0
 * @param repaired the output map for some units, if that was wanted: {@code hidden × features} of these units in nested order, F32
 */
public record ErrorCurve(double[] errors, Optional<Matrix> repaired) {

    /** Added to the diagonal of G, in units of its mean: the ridge without which collinear features count for nothing. */
    private static final double RIDGE = 1e-4;

    /** Rows of the output map that are multiplied at once. */
    private static final int ROWS = 512;

    /**
     * Bytes that it takes beside the Gram matrix.
     *
     * @param repaired how many features the map keeps that is repaired; 0 if none is
     */
    public static long scratchBytes(long features, long repaired) {
        return (2 * ROWS * features + (features - repaired) * repaired) * Double.BYTES;
    }

    /**
     * Multiply-adds in double precision, about, in the time of products; a factor takes twice as long as those.
     *
     * @param repaired how many features the map keeps that is repaired; 0 if none is
     */
    public static double multiplyAdds(double hiddenSize, double features, double repaired) {
        return features * features * features / 3
                + hiddenSize * features * features
                + hiddenSize * repaired * features; // what goes, and then the solution
    }

    /**
     * Works out the curve, and repairs the output map for some units.
     *
     * @param module with units as they are pruned; its parts lie in the Gram matrix and the map one after the other, unit by unit
     * @param output its output map, {@code hidden × features}
     * @param gram Σ x xᵀ ÷ ‖r‖² over the tokens; afterwards its contents are undefined
     * @param order its parts in nested order, as in a {@link io.fastforward.nested.NestedOrder}
     * @param units how many units the map keeps that is repaired; with 0, none is
     * @param arena owns it
     * @throws Failure if what was measured is not finite
     */
    public static ErrorCurve of(
            ModuleSpec module,
            Matrix output,
            DoubleMatrix gram,
            long tokens,
            List<Integer> order,
            int units,
            LinearAlgebra algebra,
            Arena arena) {
        NestedFeatures features = new NestedFeatures(module, order);
        features.reorder(gram, tokens);
        try (Arena scratch = Arena.ofShared()) {
            int kept = module.features(units);
            boolean completes = kept > 0 && kept < features.count();
            DoubleMatrix cross = completes ? cross(gram, kept, scratch) : DoubleMatrix.allocate(scratch, 0, 0);
            boolean silent = factor(gram, algebra);
            Factored factored = new Factored(output, features, gram, algebra);
            Optional<Matrix> repaired = Optional.empty();
            if (units > 0) {
                Matrix map = factored.leadingColumns(kept, arena);
                if (completes) {
                    factored.addWhatGoes(cross, map);
                }
                repaired = Optional.of(map);
            }
            double[] errors = silent ? new double[module.units() + 1] : curve(module, factored.squaredColumns());
            return new ErrorCurve(errors, repaired);
        }
    }

    /** The part of the Gram matrix of features that go, in rows, with those that stay. */
    private static DoubleMatrix cross(DoubleMatrix gram, int kept, Arena scratch) {
        int gone = gram.rows() - kept;
        DoubleMatrix cross = DoubleMatrix.allocate(scratch, gone, kept);
        double[] row = new double[kept];
        for (int i = 0; i < gone; i++) {
            gram.readRow(kept + i, row, kept);
            cross.writeRow(i, row, kept);
        }
        return cross;
    }

    /**
     * Makes L of G.
     *
     * @return whether no feature is ever anything but 0
     */
    private static boolean factor(DoubleMatrix gram, LinearAlgebra algebra) {
        double diagonal = 0;
        for (int j = 0; j < gram.rows(); j++) {
            diagonal += gram.get(j, j);
        }
        double mean = diagonal / gram.rows();
        if (!Double.isFinite(mean)) {
            throw FailureKind.NOT_FINITE.failure("features of a module are not finite numbers, or too large for sums;"
                    + " the model overflows on the calibration text");
        }
        for (int j = 0; j < gram.rows(); j++) {
            gram.set(j, j, gram.get(j, j) + (mean == 0 ? 1 : RIDGE * mean)); // or no feature ever says anything
        }
        if (!algebra.cholesky(gram)) {
            throw FailureKind.NOT_FINITE.failure("the Gram matrix of a module's features is not positive definite;"
                    + " the model overflows on the calibration text");
        }
        clearUpperTriangle(gram);
        return mean == 0;
    }

    private static void clearUpperTriangle(DoubleMatrix factor) {
        double[] row = new double[factor.columns()];
        for (int i = 0; i < factor.rows(); i++) {
            factor.readRow(i, row, row.length);
            Arrays.fill(row, i + 1, row.length, 0);
            factor.writeRow(i, row, row.length);
        }
    }

    private static double[] curve(ModuleSpec module, double[] byFeature) {
        double[] curve = new double[module.units() + 1];
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
     * A module's factored Gram matrix beside its output map.
     *
     * @param factor L, the triangle above it cleared
     */
    private record Factored(Matrix output, NestedFeatures features, DoubleMatrix factor, LinearAlgebra algebra) {

        /** The output map of the first features, as it is. */
        Matrix leadingColumns(int count, Arena arena) {
            Matrix columns = Matrix.allocate(arena, DataType.F32, output.rows(), count);
            for (int i = 0; i < output.rows(); i++) {
                for (int j = 0; j < count; j++) {
                    columns.set(i, j, output.get(i, features.place(j)));
                }
            }
            return columns;
        }

        /** W_K + W_P G_PK G_KK⁻¹. */
        void addWhatGoes(DoubleMatrix cross, Matrix kept) {
            int staying = cross.columns();
            int gone = cross.rows();
            int block = Math.min(ROWS, kept.rows());
            try (Arena scratch = Arena.ofShared()) {
                DoubleMatrix weights = DoubleMatrix.allocate(scratch, block, gone);
                DoubleMatrix changes = DoubleMatrix.allocate(scratch, block, staying);
                double[] row = new double[staying];
                for (int first = 0; first < kept.rows(); first += block) {
                    int rows = Math.min(block, kept.rows() - first);
                    readOutput(first, rows, staying, weights);
                    DoubleMatrix change = changes.leadingBlock(rows, staying);
                    algebra.multiply(weights.leadingBlock(rows, gone), cross, change);
                    algebra.solve(factor.leadingBlock(staying, staying), change);
                    for (int i = 0; i < rows; i++) {
                        change.readRow(i, row, staying);
                        for (int j = 0; j < staying; j++) {
                            kept.set(first + i, j, (float) (kept.get(first + i, j) + row[j]));
                        }
                    }
                }
            }
        }

        /** ‖Z_j‖² for every feature j. */
        double[] squaredColumns() {
            double[] squares = new double[features.count()];
            double[] row = new double[features.count()];
            int block = Math.min(ROWS, output.rows());
            try (Arena scratch = Arena.ofShared()) {
                DoubleMatrix weights = DoubleMatrix.allocate(scratch, block, squares.length);
                DoubleMatrix products = DoubleMatrix.allocate(scratch, block, squares.length);
                for (int first = 0; first < output.rows(); first += block) {
                    int rows = Math.min(block, output.rows() - first);
                    readOutput(first, rows, 0, weights);
                    DoubleMatrix result = products.leadingBlock(rows, squares.length);
                    algebra.multiply(weights.leadingBlock(rows, squares.length), factor, result);
                    for (int i = 0; i < rows; i++) {
                        result.readRow(i, row, row.length);
                        for (int j = 0; j < row.length; j++) {
                            squares[j] += row[j] * row[j];
                        }
                    }
                }
            }
            return squares;
        }

        /** Rows of the output map, from some feature on, in double precision. */
        private void readOutput(int firstRow, int rows, int firstFeature, DoubleMatrix target) {
            double[] row = new double[target.columns()];
            for (int i = 0; i < rows; i++) {
                for (int j = 0; j < row.length; j++) {
                    row[j] = output.get(firstRow + i, features.place(firstFeature + j));
                }
                target.writeRow(i, row, row.length);
            }
        }
    }
}
