package io.fastforward.criteria;

import io.fastforward.spi.tensor.DoubleMatrix;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Rows of matrices in double precision as heap arrays, copied in bulk. */
final class Rows {

    private Rows() {}

    /** Copies the leading elements of a row. */
    static void read(DoubleMatrix source, int row, double[] target, int count) {
        MemorySegment.copy(source.data(), ValueLayout.JAVA_DOUBLE, offset(source, row), target, 0, count);
    }

    /** Overwrites the leading elements of a row. */
    static void write(double[] source, DoubleMatrix target, int row, int count) {
        MemorySegment.copy(source, 0, target.data(), ValueLayout.JAVA_DOUBLE, offset(target, row), count);
    }

    /** Consecutive rows, in the same memory. */
    static DoubleMatrix range(DoubleMatrix matrix, int first, int count) {
        return new DoubleMatrix(
                matrix.data().asSlice(offset(matrix, first)), count, matrix.columns(), matrix.rowStride());
    }

    /** target += factor · added. */
    static void addMultiple(double factor, double[] added, double[] target) {
        for (int i = 0; i < target.length; i++) {
            target[i] += factor * added[i];
        }
    }

    private static long offset(DoubleMatrix matrix, int row) {
        return row * matrix.rowStride() * Double.BYTES;
    }
}
