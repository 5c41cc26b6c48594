package uk.ac.manchester.tornado.api.types.arrays;

import java.lang.foreign.MemorySegment;

/** Signatures of what TornadoVM's arrays have in common. */
public abstract sealed class TornadoNativeArray permits FloatArray, IntArray {

    /** Bytes before the first element. */
    public static final long ARRAY_HEADER = Long.parseLong("16");

    public abstract int getSize();

    public abstract MemorySegment getSegment();
}
