package io.fastforward.criteria;

import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Reads rows of a stored matrix, widened to single precision: one bulk copy a row instead of one checked access an
 * element. For one thread.
 */
final class RowReader {

    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Matrix matrix;
    private final short[] stored;

    RowReader(Matrix matrix) {
        this.matrix = matrix;
        this.stored = matrix.type() == DataType.F32 ? new short[0] : new short[matrix.columns()];
    }

    /** Copies a row; {@code target} has as many elements as the matrix has columns. */
    void read(int row, float[] target) {
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
