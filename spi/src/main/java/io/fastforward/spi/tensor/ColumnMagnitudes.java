package io.fastforward.spi.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Sums of the magnitudes in the columns of a stored matrix, or of their squares. */
public final class ColumnMagnitudes {

    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private ColumnMagnitudes() {}

    /** Σ |W_ij| over all rows i, for every column j, in double precision; not finite where an element is not. */
    public static double[] of(Matrix matrix) {
        int columns = matrix.columns();
        double[] sums = new double[columns];
        float[] row = new float[columns];
        short[] stored = new short[matrix.type() == DataType.F32 ? 0 : columns];
        for (int i = 0; i < matrix.rows(); i++) {
            read(matrix, i, stored, row);
            for (int j = 0; j < columns; j++) {
                sums[j] += Math.abs(row[j]);
            }
        }
        return sums;
    }

    /** Σ W_ij² over all rows i, for every column j, likewise. */
    public static double[] squaresOf(Matrix matrix) {
        int columns = matrix.columns();
        double[] sums = new double[columns];
        float[] row = new float[columns];
        short[] stored = new short[matrix.type() == DataType.F32 ? 0 : columns];
        for (int i = 0; i < matrix.rows(); i++) {
            read(matrix, i, stored, row);
            for (int j = 0; j < columns; j++) {
                sums[j] += (double) row[j] * row[j];
            }
        }
        return sums;
    }

    /** One bulk copy a row instead of one checked access an element. */
    private static void read(Matrix matrix, int row, short[] stored, float[] target) {
        int columns = matrix.columns();
        long offset = row * matrix.rowStride() * matrix.type().bytes();
        switch (matrix.type()) {
            case F32 -> MemorySegment.copy(matrix.data(), FLOAT, offset, target, 0, columns);
            case F16 -> {
                MemorySegment.copy(matrix.data(), SHORT, offset, stored, 0, columns);
                for (int i = 0; i < columns; i++) {
                    target[i] = Float.float16ToFloat(stored[i]);
                }
            }
            case BF16 -> {
                MemorySegment.copy(matrix.data(), SHORT, offset, stored, 0, columns);
                for (int i = 0; i < columns; i++) {
                    target[i] = Float.intBitsToFloat(stored[i] << 16);
                }
            }
        }
    }
}
