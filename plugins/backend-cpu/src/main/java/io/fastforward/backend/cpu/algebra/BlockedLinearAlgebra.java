package io.fastforward.backend.cpu.algebra;

import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.tensor.DoubleMatrix;

/**
 * Blocked algorithms (Golub and Van Loan, Matrix Computations, 4.2.9) over tiles that threads of their own share. The
 * tiles are computed by the kernels; the small factorisations on the diagonal are plain loops.
 */
final class BlockedLinearAlgebra implements LinearAlgebra {

    private static final int DIAGONAL_BLOCK = 128;
    private static final Tiling TILES = new Tiling(256, 256);

    private final BlockKernels kernels;
    private final WorkerPool pool;

    BlockedLinearAlgebra(BlockKernels kernels, int threads) {
        this.kernels = kernels;
        this.pool = new WorkerPool(threads);
    }

    @Override
    public boolean cholesky(DoubleMatrix symmetric) {
        requireSquare(symmetric);
        int n = symmetric.rows();
        for (int start = 0; start < n; start += DIAGONAL_BLOCK) {
            int width = Math.min(DIAGONAL_BLOCK, n - start);
            DoubleMatrix diagonal = block(symmetric, start, width, start, width);
            if (!factor(diagonal)) {
                return false;
            }
            int next = start + width;
            int from = start;
            pool.forTiles(
                    TILES,
                    n - next,
                    1,
                    (row, rows, one, ones, worker) ->
                            kernels.divideByTransposedLower(diagonal, block(symmetric, next + row, rows, from, width)));
            pool.forTiles(TILES, n - next, n - next, (row, rows, column, columns, worker) -> {
                if (column <= row) {
                    DoubleMatrix left = block(symmetric, next + row, rows, from, width);
                    DoubleMatrix target = block(symmetric, next + row, rows, next + column, columns);
                    if (column == row) {
                        kernels.subtractSquareFromLower(left, target);
                    } else {
                        DoubleMatrix right = block(symmetric, next + column, columns, from, width);
                        kernels.subtractProductByTransposed(left, right, target);
                    }
                }
            });
        }
        return true;
    }

    /** The factorisation of a block on the diagonal, row by row (4.2.3 there). */
    private static boolean factor(DoubleMatrix symmetric) {
        for (int row = 0; row < symmetric.rows(); row++) {
            for (int column = 0; column <= row; column++) {
                double sum = symmetric.get(row, column);
                for (int k = 0; k < column; k++) {
                    sum -= symmetric.get(row, k) * symmetric.get(column, k);
                }
                if (column < row) {
                    symmetric.set(row, column, sum / symmetric.get(column, column));
                } else if (sum > 0 && sum < Double.POSITIVE_INFINITY) {
                    symmetric.set(row, row, Math.sqrt(sum));
                } else {
                    return false;
                }
            }
        }
        return true;
    }

    @Override
    public void solve(DoubleMatrix factor, DoubleMatrix rows) {
        requireSquare(factor);
        if (rows.columns() != factor.rows()) {
            throw new IllegalArgumentException("rows of " + shape(rows) + " do not fit a factor of " + shape(factor));
        }
        pool.forTiles(TILES, rows.rows(), 1, (row, count, one, ones, worker) -> {
            DoubleMatrix part = block(rows, row, count, 0, rows.columns());
            kernels.divideByTransposedLower(factor, part);
            kernels.divideByLower(factor, part);
        });
    }

    @Override
    public void multiply(DoubleMatrix left, DoubleMatrix right, DoubleMatrix result) {
        if (left.columns() != right.rows() || result.rows() != left.rows() || result.columns() != right.columns()) {
            throw new IllegalArgumentException(
                    "the product of " + shape(left) + " and " + shape(right) + " is not " + shape(result));
        }
        pool.forTiles(
                TILES,
                result.rows(),
                result.columns(),
                (row, rows, column, columns, worker) -> kernels.multiply(
                        block(left, row, rows, 0, left.columns()),
                        block(right, 0, right.rows(), column, columns),
                        block(result, row, rows, column, columns)));
    }

    @Override
    public void close() {
        pool.close();
    }

    private static DoubleMatrix block(DoubleMatrix matrix, int row, int rows, int column, int columns) {
        long first = row * matrix.rowStride() + column;
        return new DoubleMatrix(matrix.data().asSlice(first * Double.BYTES), rows, columns, matrix.rowStride());
    }

    private static void requireSquare(DoubleMatrix matrix) {
        if (matrix.rows() != matrix.columns()) {
            throw new IllegalArgumentException("the matrix must be square, but is " + shape(matrix));
        }
    }

    private static String shape(DoubleMatrix matrix) {
        return matrix.rows() + " × " + matrix.columns();
    }
}
