package uk.ac.manchester.tornado.api.types.arrays;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Signatures of TornadoVM's array of ints outside the heap, and just enough of its behaviour to run kernels in plain Java. */
public final class IntArray extends TornadoNativeArray {

    private final MemorySegment segment;
    private final int size;

    public IntArray(int numberOfElements) {
        this(Arena.ofAuto().allocate(ARRAY_HEADER + (long) numberOfElements * Integer.BYTES, Integer.BYTES));
    }

    private IntArray(MemorySegment segmentWithHeader) {
        segment = segmentWithHeader;
        size = Math.toIntExact((segmentWithHeader.byteSize() - ARRAY_HEADER) / Integer.BYTES);
    }

    public static IntArray fromSegmentShallow(MemorySegment segment) {
        return new IntArray(segment);
    }

    public int get(int index) {
        return segment.get(ValueLayout.JAVA_INT, ARRAY_HEADER + (long) index * Integer.BYTES);
    }

    public void set(int index, int value) {
        segment.set(ValueLayout.JAVA_INT, ARRAY_HEADER + (long) index * Integer.BYTES, value);
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
