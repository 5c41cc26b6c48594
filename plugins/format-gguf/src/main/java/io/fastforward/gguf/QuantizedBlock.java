package io.fastforward.gguf;

import io.fastforward.spi.tensor.Matrix;
import java.nio.ByteBuffer;

/**
 * The blocks of Q8_0: 32 numbers x are kept as a factor d in half precision and whole numbers q from −127 to 127, so that
 * x ≈ d · q. The factor is the largest |x| ÷ 127, rounded to half precision, and to the next larger one if the largest q would be
 * beyond 127, which happens among its subnormal numbers alone. So |x − d · q| ≤ d ÷ 2 for every number that is not so large
 * that the factor overflows.
 */
final class QuantizedBlock {

    /** Numbers of a block. */
    static final int SIZE = 32;

    /** Bytes of a block: the factor, then a byte for each number. */
    static final int BYTES = Short.BYTES + SIZE;

    private static final int LARGEST = 127;
    private static final double BEYOND_LARGEST = LARGEST + 0.5;

    private QuantizedBlock() {}

    /**
     * Appends a block of little-endian numbers to a buffer.
     *
     * @param column where the block begins in the row
     * @throws IllegalArgumentException if a number is not finite, or too large for a factor in half precision
     */
    static void put(Matrix matrix, int row, int column, ByteBuffer target) {
        float largest = 0;
        for (int i = 0; i < SIZE; i++) {
            float magnitude = Math.abs(matrix.get(row, column + i));
            largest = Float.isNaN(magnitude) ? Float.NaN : Math.max(largest, magnitude);
        }
        short factorBits = factor(largest);
        target.putShort(factorBits);
        double factor = Float.float16ToFloat(factorBits);
        for (int i = 0; i < SIZE; i++) {
            target.put((byte) (factor == 0 ? 0 : Math.rint(matrix.get(row, column + i) / factor)));
        }
    }

    private static short factor(float largest) {
        short factor = Float.floatToFloat16((float) ((double) largest / LARGEST));
        if (largest / (double) Float.float16ToFloat(factor) >= BEYOND_LARGEST) {
            factor++; // the next larger number in half precision
        }
        if (!Float.isFinite(Float.float16ToFloat(factor))) {
            throw new IllegalArgumentException("a weight of " + largest
                    + " is too large for Q8_0, whose blocks hold up to "
                    + LARGEST * Float.float16ToFloat((short) 0x7BFF)
                    + "; write F32 or BF16");
        }
        return factor;
    }
}
