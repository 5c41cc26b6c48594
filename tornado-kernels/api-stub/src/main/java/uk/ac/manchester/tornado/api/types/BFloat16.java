package uk.ac.manchester.tornado.api.types;

/** Signatures of TornadoVM's conversions from and to bfloat16, and what they compute. */
public final class BFloat16 {

    private BFloat16() {}

    public static float bf16ToFloat(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }

    public static short bf16FromFloat(float value) {
        int bits = Float.floatToIntBits(value);
        return (short) (Float.isNaN(value) ? 0x7FC0 : (bits + 0x7FFF + ((bits >>> 16) & 1)) >>> 16);
    }
}
