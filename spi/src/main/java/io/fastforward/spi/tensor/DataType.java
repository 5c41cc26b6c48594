package io.fastforward.spi.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** How a checkpoint stores one number: little-endian, as in the safetensors format. */
public enum DataType {
    /** IEEE 754 single precision. */
    F32(4),
    /** IEEE 754 half precision. */
    F16(2),
    /** The upper half of a single-precision number. */
    BF16(2);

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final int bytes;

    DataType(int bytes) {
        this.bytes = bytes;
    }

    /** Bytes of one number. */
    public int bytes() {
        return bytes;
    }

    /** The number at a byte offset, widened to single precision (exact). */
    public float get(MemorySegment data, long byteOffset) {
        return switch (this) {
            case F32 -> Float.intBitsToFloat(data.get(INT, byteOffset));
            case F16 -> Float.float16ToFloat(data.get(SHORT, byteOffset));
            case BF16 -> Float.intBitsToFloat(data.get(SHORT, byteOffset) << 16);
        };
    }

    /** Stores a number at a byte offset, rounded to the nearest representable one, ties to even. */
    public void set(MemorySegment data, long byteOffset, float value) {
        switch (this) {
            case F32 -> data.set(INT, byteOffset, Float.floatToRawIntBits(value));
            case F16 -> data.set(SHORT, byteOffset, Float.floatToFloat16(value));
            case BF16 -> data.set(SHORT, byteOffset, toBfloat16(value));
        }
    }

    /** The bits of the bfloat16 number nearest to a single-precision one, ties to even; NaN stays NaN. */
    public static short toBfloat16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            return (short) ((bits >>> 16) | 0x40);
        }
        return (short) ((bits + 0x7FFF + ((bits >>> 16) & 1)) >>> 16);
    }
}
