package io.fastforward.prune;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.model.ModuleSpec;
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
 * and one product serve all k.
 */
public final class ErrorCurve {

    /** Added to the diagonal of G, in units of its mean: the ridge without which collinear features count for nothing. */
    private static final double RIDGE = 1e-4;

    /** Rows of the output map that are multiplied at once. */
    private static final int ROWS = 512;

    private ErrorCurve() {}

    /** Bytes that it takes beside the Gram matrix and its factor. */
    public static long scratchBytes(long features) {
        return 2 * ROWS * features * Double.BYTES;
    }

    /**
     * The curve of a module.
     *
     * @param module with units as they are pruned; its parts lie in the Gram matrix and the map one after the other, unit by unit
     * @param output its output map, {@code hidden × features}
     * @param gram Σ x xᵀ ÷ ‖r‖² over the tokens
     * @param order its parts in nested order, as in a {@link io.fastforward.nested.NestedOrder}
     * @return at k what is lacking with k units, from none to all of them: 0
     * @throws Failure if what was measured is not finite
     */
    public static double[] of(
            ModuleSpec module,
            Matrix output,
            DoubleMatrix gram,
            long tokens,
            List<Integer> order,
            LinearAlgebra algebra) {
        int[] features = features(module, order);
        try (Arena scratch = Arena.ofShared()) {
            DoubleMatrix factor = DoubleMatrix.allocate(scratch, features.length, features.length);
            double mean = permute(gram, features, tokens, factor);
            if (!Double.isFinite(mean)) {
                throw FailureKind.NOT_FINITE.failure(
                        "features of a module are not finite numbers, or too large for sums;"
                                + " the model overflows on the calibration text");
            }
            double[] curve = new double[module.units() + 1];
            if (mean == 0) {
                return curve; // no feature ever says anything
            }
            for (int j = 0; j < features.length; j++) {
                factor.set(j, j, factor.get(j, j) + RIDGE * mean);
            }
            if (!algebra.cholesky(factor)) {
                throw FailureKind.NOT_FINITE.failure("the Gram matrix of a module's features is not positive definite;"
                        + " the model overflows on the calibration text");
            }
            clearUpperTriangle(factor);
            double[] byFeature = squaredColumns(output, features, factor, algebra, scratch);
            int width = module.featuresPerUnit();
            for (int unit = module.units() - 1; unit >= 0; unit--) {
                curve[unit] = curve[unit + 1];
                for (int j = unit * width; j < (unit + 1) * width; j++) {
                    curve[unit] += byFeature[j];
                }
            }
            return curve;
        }
    }

    /** Where the features are that come first, second and so on in nested order. */
    private static int[] features(ModuleSpec module, List<Integer> order) {
        int groups = module.partsPerUnit();
        int units = module.units();
        int width = module.featuresPerPart();
        int[] features = new int[order.size() * width];
        for (int k = 0; k < order.size(); k++) {
            int part = order.get(k);
            int place = part % units * groups + part / units;
            for (int number = 0; number < width; number++) {
                features[k * width + number] = place * width + number;
            }
        }
        return features;
    }

    /** @return the mean of the diagonal */
    private static double permute(DoubleMatrix gram, int[] features, long tokens, DoubleMatrix target) {
        double[] source = new double[features.length];
        double[] row = new double[features.length];
        double diagonal = 0;
        for (int i = 0; i < features.length; i++) {
            gram.readRow(features[i], source, source.length);
            for (int j = 0; j < features.length; j++) {
                row[j] = source[features[j]] / tokens;
            }
            diagonal += row[i];
            target.writeRow(i, row, row.length);
        }
        return diagonal / features.length;
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
    private static double[] squaredColumns(
            Matrix output, int[] features, DoubleMatrix factor, LinearAlgebra algebra, Arena scratch) {
        int block = Math.min(ROWS, output.rows());
        DoubleMatrix weights = DoubleMatrix.allocate(scratch, block, features.length);
        DoubleMatrix products = DoubleMatrix.allocate(scratch, block, features.length);
        double[] squares = new double[features.length];
        double[] row = new double[features.length];
        for (int first = 0; first < output.rows(); first += block) {
            int rows = Math.min(block, output.rows() - first);
            for (int i = 0; i < rows; i++) {
                for (int j = 0; j < features.length; j++) {
                    row[j] = output.get(first + i, features[j]);
                }
                weights.writeRow(i, row, row.length);
            }
            DoubleMatrix left = weights.leadingBlock(rows, features.length);
            DoubleMatrix result = products.leadingBlock(rows, features.length);
            algebra.multiply(left, factor, result);
            for (int i = 0; i < rows; i++) {
                result.readRow(i, row, row.length);
                for (int j = 0; j < features.length; j++) {
                    squares[j] += row[j] * row[j];
                }
            }
        }
        return squares;
    }
}
