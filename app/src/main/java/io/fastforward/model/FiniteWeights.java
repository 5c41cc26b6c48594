package io.fastforward.model;

import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Optional;

/** Looks for weights that are NaN or infinite, those whose exponent bits are all set, or would become so. */
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

    /** The weight farthest from 0 if it would be rounded to infinity; all of them must be finite. */
    static Optional<Float> overflowing(Matrix matrix, DataType type) {
        if (type == DataType.F32 || type == matrix.type()) {
            return Optional.empty();
        }
        float farthest = 0;
        for (int row = 0; row < matrix.rows(); row++) {
            for (int column = 0; column < matrix.columns(); column++) {
                float weight = matrix.get(row, column);
                farthest = Math.abs(weight) > Math.abs(farthest) ? weight : farthest;
            }
        }
        return Float.isFinite(rounded(farthest, type)) ? Optional.empty() : Optional.of(farthest);
    }

    private static float rounded(float weight, DataType type) {
        MemorySegment number = MemorySegment.ofArray(new byte[type.bytes()]);
        type.set(number, 0, weight);
        return type.get(number, 0);
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
