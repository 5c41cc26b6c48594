package io.fastforward.forward;

import io.fastforward.spi.LinearAlgebra;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.DoubleMatrix;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;

/**
 * A linear map at the ends of a model (OPT-350M), applied in host memory in double precision.
 *
 * @param map {@code outputs × inputs}
 */
record HostProjection(Matrix map) {

    /** The images of rows, F32, in the arena: {@code rows × outputs}. */
    Matrix apply(LinearAlgebra algebra, Matrix rows, Arena arena) {
        try (Arena scratch = Arena.ofShared()) {
            DoubleMatrix x = DoubleMatrix.allocate(scratch, rows.rows(), rows.columns());
            for (int i = 0; i < rows.rows(); i++) {
                for (int j = 0; j < rows.columns(); j++) {
                    x.set(i, j, rows.get(i, j));
                }
            }
            DoubleMatrix transposed = DoubleMatrix.allocate(scratch, map.columns(), map.rows());
            for (int i = 0; i < map.rows(); i++) {
                for (int j = 0; j < map.columns(); j++) {
                    transposed.set(j, i, map.get(i, j));
                }
            }
            DoubleMatrix y = DoubleMatrix.allocate(scratch, rows.rows(), map.rows());
            algebra.multiply(x, transposed, y);
            Matrix result = Matrix.allocate(arena, DataType.F32, rows.rows(), map.rows());
            for (int i = 0; i < result.rows(); i++) {
                for (int j = 0; j < result.columns(); j++) {
                    result.set(i, j, (float) y.get(i, j));
                }
            }
            return result;
        }
    }
}
