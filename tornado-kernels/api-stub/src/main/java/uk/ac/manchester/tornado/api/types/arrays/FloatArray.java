package uk.ac.manchester.tornado.api.types.arrays;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Signatures of TornadoVM's array of floats outside the heap, and just enough of its behaviour to run kernels in plain Java. */
public final class FloatArray extends TornadoNativeArray {

    private final MemorySegment segment;
    private final int size;

    public FloatArray(int numberOfElements) {
        this(Arena.ofAuto().allocate(ARRAY_HEADER + (long) numberOfElements * Float.BYTES, Float.BYTES));
    }

    private FloatArray(MemorySegment segmentWithHeader) {
        segment = segmentWithHeader;
        size = Math.toIntExact((segmentWithHeader.byteSize() - ARRAY_HEADER) / Float.BYTES);
    }

    public static FloatArray fromSegmentShallow(MemorySegment segment) {
        return new FloatArray(segment);
    }

    public float get(int index) {
        return segment.get(ValueLayout.JAVA_FLOAT, ARRAY_HEADER + (long) index * Float.BYTES);
    }

    public void set(int index, float value) {
        segment.set(ValueLayout.JAVA_FLOAT, ARRAY_HEADER + (long) index * Float.BYTES, value);
    }

    @Override
    public int getSize() {
        return size;
    }

    @Override
    public MemorySegment getSegment() {
        return segment.asSlice(ARRAY_HEADER);
    }
}
