package io.fastforward.forward;

import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.DoubleMatrix;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;

/** A linear map at the ends of a model (OPT-350M), applied in host memory in double precision. */
final class HostProjection implements AutoCloseable {

    private final Arena arena = Arena.ofShared();
    private final DoubleMatrix transposed;

    /** @param map {@code outputs × inputs} */
    HostProjection(Matrix map) {
        transposed = DoubleMatrix.allocate(arena, map.columns(), map.rows());
        for (int i = 0; i < map.rows(); i++) {
            for (int j = 0; j < map.columns(); j++) {
                transposed.set(j, i, map.get(i, j));
            }
        }
    }

    /** The images of rows, F32, in the arena: {@code rows × outputs}. */
    Matrix apply(LinearAlgebra algebra, Matrix rows, Arena resultArena) {
        try (Arena scratch = Arena.ofShared()) {
            DoubleMatrix x = DoubleMatrix.allocate(scratch, rows.rows(), rows.columns());
            for (int i = 0; i < rows.rows(); i++) {
                for (int j = 0; j < rows.columns(); j++) {
                    x.set(i, j, rows.get(i, j));
                }
            }
            DoubleMatrix y = DoubleMatrix.allocate(scratch, rows.rows(), transposed.columns());
            algebra.multiply(x, transposed, y);
            Matrix result = Matrix.allocate(resultArena, DataType.F32, y.rows(), y.columns());
            for (int i = 0; i < result.rows(); i++) {
                for (int j = 0; j < result.columns(); j++) {
                    result.set(i, j, (float) y.get(i, j));
                }
            }
            return result;
        }
    }

    @Override
    public void close() {
        arena.close();
    }
}
