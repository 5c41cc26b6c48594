package io.fastforward.backend.cpu;

import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.tensor.DoubleMatrix;

/**
 * Blocked algorithms (Golub and Van Loan, Matrix Computations, 4.2.9) over tiles that all threads share. OpenBLAS
 * computes the tiles; the small factorisations on the diagonal are plain loops.
 */
final class BlockedLinearAlgebra implements LinearAlgebra {

    private static final int DIAGONAL_BLOCK = 128;
    private static final Tiling TILES = new Tiling(256, 256);

    private final CpuResources cpu;
    private final LinearAlgebra plain = new ReferenceLinearAlgebra();

    BlockedLinearAlgebra(CpuResources cpu) {
        this.cpu = cpu;
    }

    @Override
    public boolean cholesky(DoubleMatrix symmetric) {
        LinearAlgebraShapes.requireSquare(symmetric);
        int n = symmetric.rows();
        for (int start = 0; start < n; start += DIAGONAL_BLOCK) {
            int width = Math.min(DIAGONAL_BLOCK, n - start);
            DoubleMatrix diagonal = block(symmetric, start, width, start, width);
            if (!plain.cholesky(diagonal)) {
                return false;
            }
            int next = start + width;
            int from = start;
            cpu.forTiles(
                    TILES,
                    n - next,
                    1,
                    (row, rows, one, ones, worker) -> cpu.blas()
                            .divideByTransposedLower(diagonal, block(symmetric, next + row, rows, from, width)));
            cpu.forTiles(TILES, n - next, n - next, (row, rows, column, columns, worker) -> {
                if (column <= row) {
                    DoubleMatrix left = block(symmetric, next + row, rows, from, width);
                    DoubleMatrix target = block(symmetric, next + row, rows, next + column, columns);
                    if (column == row) {
                        cpu.blas().subtractSquareFromLower(left, target);
                    } else {
                        DoubleMatrix right = block(symmetric, next + column, columns, from, width);
                        cpu.blas().subtractProductByTransposed(left, right, target);
                    }
                }
            });
        }
        return true;
    }

    @Override
    public void solve(DoubleMatrix factor, DoubleMatrix rows) {
        LinearAlgebraShapes.requireSolvable(factor, rows);
        cpu.forTiles(TILES, rows.rows(), 1, (row, count, one, ones, worker) -> {
            DoubleMatrix part = block(rows, row, count, 0, rows.columns());
            cpu.blas().divideByTransposedLower(factor, part);
            cpu.blas().divideByLower(factor, part);
        });
    }

    @Override
    public void multiply(DoubleMatrix left, DoubleMatrix right, DoubleMatrix result) {
        LinearAlgebraShapes.requireProduct(left, right, result);
        cpu.forTiles(
                TILES,
                result.rows(),
                result.columns(),
                (row, rows, column, columns, worker) -> cpu.blas()
                        .multiply(
                                block(left, row, rows, 0, left.columns()),
                                block(right, 0, right.rows(), column, columns),
                                block(result, row, rows, column, columns)));
    }

    private static DoubleMatrix block(DoubleMatrix matrix, int row, int rows, int column, int columns) {
        long first = row * matrix.rowStride() + column;
        return new DoubleMatrix(matrix.data().asSlice(first * Double.BYTES), rows, columns, matrix.rowStride());
    }
}
