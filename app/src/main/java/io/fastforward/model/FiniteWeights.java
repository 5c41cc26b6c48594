package io.fastforward.model;

import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Looks for weights that are NaN or infinite: those whose exponent bits are all set. */
final class FiniteWeights {

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private FiniteWeights() {}

    static boolean areFinite(Matrix matrix) {
        for (int row = 0; row < matrix.rows(); row++) {
            long first = row * matrix.rowStride() * matrix.type().bytes();
            boolean finite = switch (matrix.type()) {
                case F32 -> intsAreFinite(matrix, first);
                case F16 -> shortsAreFinite(matrix, first, 0x7C00);
                case BF16 -> shortsAreFinite(matrix, first, 0x7F80);
            };
            if (!finite) {
                return false;
            }
        }
        return true;
    }

    private static boolean intsAreFinite(Matrix matrix, long first) {
        boolean finite = true;
        for (long i = 0; i < matrix.columns(); i++) {
            finite &= (matrix.data().get(INT, first + Integer.BYTES * i) & 0x7F800000) != 0x7F800000;
        }
        return finite;
    }

    private static boolean shortsAreFinite(Matrix matrix, long first, int exponent) {
        boolean finite = true;
        for (long i = 0; i < matrix.columns(); i++) {
            finite &= (matrix.data().get(SHORT, first + DataType.BF16.bytes() * i) & exponent) != exponent;
        }
        return finite;
    }
}
