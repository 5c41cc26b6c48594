package io.fastforward.criteria;

/**
 * What a module loses with the columns B of a part, when all others are repaired as well as can be: tr(W_B (V_BB)⁻¹ W_Bᵀ),
 * where V is the inverse of the features' Gram matrix (Hassibi, Stork, Wolff: Optimal Brain Surgeon and General Network
 * Pruning, ICNN 1993, with the Gram matrix as the Hessian; for several columns, Kurtic, Frantar, Alistarh: ZipLM, NeurIPS 2023,
 * section 3.1).
 */
final class RemovalLoss {

    private RemovalLoss() {}

    /**
     * The loss, which is at least 0 up to rounding; NaN if V_BB is not positive definite.
     *
     * @param inverse V_BB, among others
     * @param squares W_Bᵀ W_B, among others
     */
    static double of(int part, DiagonalBlocks inverse, DiagonalBlocks squares) {
        int width = inverse.width();
        if (width == 1) {
            return ofColumn(inverse.elements()[part], squares.elements()[part]);
        }
        return ofColumns(width, inverse.copy(part), squares.copy(part));
    }

    private static double ofColumn(double pivot, double square) {
        return pivot > 0 ? square / pivot : Double.NaN;
    }

    /** One column after the other, each with the rest of the block repaired: both blocks are used up. */
    private static double ofColumns(int width, double[] inverse, double[] squares) {
        double loss = 0;
        double[] g = new double[width];
        double[] q = new double[width];
        for (int column = 0; column < width; column++) {
            int row = column * width;
            double pivot = inverse[row + column];
            loss += ofColumn(pivot, squares[row + column]);
            for (int j = column + 1; j < width; j++) {
                g[j] = inverse[row + j] / pivot;
                q[j] = squares[row + j] - 0.5 * squares[row + column] * g[j];
            }
            for (int i = column + 1; i < width; i++) {
                for (int j = column + 1; j < width; j++) {
                    inverse[i * width + j] -= pivot * g[i] * g[j];
                    squares[i * width + j] -= g[i] * q[j] + q[i] * g[j];
                }
            }
        }
        return loss;
    }
}
