package io.fastforward.calibrators;

import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.tensor.DoubleMatrix;
import java.lang.foreign.Arena;

/**
 * What solving for the output map W of an MLP takes, with the features z as its other maps make them by now.
 *
 * @param gram Σ z zᵀ, {@code channels × channels}
 * @param lacking Σ (wanted − W z) zᵀ, {@code outputs × channels}
 * @param error Σ ‖wanted − W z‖²
 * @param wantedSquares Σ ‖wanted‖²
 */
record DownMoments(DoubleMatrix gram, DoubleMatrix lacking, double error, double wantedSquares) {

    /** One pass over the tokens. */
    static DownMoments measure(MlpMaps maps, TokenBlocks tokens, LinearAlgebra algebra, Arena memory) {
        int channels = maps.spec().channels();
        int outputs = maps.spec().hiddenSize();
        DoubleMatrix gram = DoubleMatrix.allocate(memory, channels, channels);
        DoubleMatrix lacking = DoubleMatrix.allocate(memory, outputs, channels);
        DoubleMatrix transposed = DoubleMatrix.allocate(memory, Math.max(channels, outputs), Blocks.ROWS);
        DoubleMatrix product =
                DoubleMatrix.allocate(memory, Math.min(Blocks.ROWS, Math.max(channels, outputs)), channels);
        double[] squares = new double[2];
        tokens.forEachPair((x, wanted) -> {
            DoubleMatrix features = maps.features(x);
            squares[0] += Rows.dot(wanted, wanted);
            Blocks.subtract(wanted, maps.project(features));
            squares[1] += Rows.dot(wanted, wanted);
            addProduct(features, features, transposed, product, gram, algebra);
            addProduct(wanted, features, transposed, product, lacking, algebra);
        });
        return new DownMoments(gram, lacking, squares[1], squares[0]);
    }

    /** sum += leftᵀ · right, some rows of the sum at a time. */
    private static void addProduct(
            DoubleMatrix left,
            DoubleMatrix right,
            DoubleMatrix buffer,
            DoubleMatrix product,
            DoubleMatrix sum,
            LinearAlgebra algebra) {
        DoubleMatrix transposed = buffer.leadingBlock(left.columns(), left.rows());
        Blocks.transpose(left, transposed);
        for (int first = 0; first < sum.rows(); first += product.rows()) {
            int rows = Math.min(product.rows(), sum.rows() - first);
            DoubleMatrix part = product.leadingBlock(rows, sum.columns());
            algebra.multiply(transposed.block(first, rows, 0, left.rows()), right, part);
            Blocks.add(sum.block(first, rows, 0, sum.columns()), part);
        }
    }

    /** Σ ‖wanted − (W + D) z‖². */
    double errorWith(DoubleMatrix difference, LinearAlgebra algebra, Arena memory) {
        DoubleMatrix image = DoubleMatrix.allocate(memory, difference.rows(), difference.columns());
        algebra.multiply(difference, gram, image);
        return Math.max(0, error - 2 * Rows.dot(difference, lacking) + Rows.dot(image, difference));
    }
}
