package uk.ac.manchester.tornado.api;

import uk.ac.manchester.tornado.api.enums.MMAShape;
import uk.ac.manchester.tornado.api.types.HalfFloat;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * Signatures of TornadoVM's kernel context. A kernel reads where it is from the fields; the compiler for a device
 * replaces them. In plain Java they are those of the first work-item.
 */
public class KernelContext {

    public final Integer globalIdx = 0;
    public final Integer globalIdy = 0;
    public final Integer groupIdx = 0;
    public final Integer localIdx = 0;

    public KernelContext() {}

    /** Waits for all work-items of the group. */
    public void localBarrier() {}

    /** Memory that the work-items of a group share. */
    public float[] allocateFloatLocalArray(int size) {
        return new float[size];
    }

    /** The same for whole numbers. */
    public int[] allocateIntLocalArray(int size) {
        return new int[size];
    }

    /** 16 × 8 sums in the registers of a warp. On tensor cores alone, as what follows. */
    public float[] mmaFragment(float value) {
        throw new UnsupportedOperationException(TornadoNativeApi.ABSENT);
    }

    /** 16 × 16 numbers of 16 bits from a tile, at an offset in bytes. */
    public HalfFloat[] mmaLoadA(int[] tile, int depth, int byteOffset) {
        throw new UnsupportedOperationException(TornadoNativeApi.ABSENT);
    }

    /** 16 × 8 numbers of 16 bits from a tile, at an offset in bytes. */
    public HalfFloat[] mmaLoadB(int[] tile, int depth, int byteOffset) {
        throw new UnsupportedOperationException(TornadoNativeApi.ABSENT);
    }

    /** C + A · B, of numbers in bfloat16. */
    public float[] mmaBF16(HalfFloat[] a, HalfFloat[] b, float[] c, MMAShape shape) {
        throw new UnsupportedOperationException(TornadoNativeApi.ABSENT);
    }

    /** Stores 16 × 8 sums at a row and a column of a matrix of so many columns. */
    public void mmaStore(float[] sums, FloatArray target, int row, int column, int columns) {
        throw new UnsupportedOperationException(TornadoNativeApi.ABSENT);
    }
}
