package io.fastforward.backend.cpu;

import io.fastforward.backend.cpu.kernel.RowKernels;
import io.fastforward.spi.model.RotaryPositions;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Cosines and sines of rotary positions, computed in double precision: for each position all cosines, then all sines.
 *
 * @param rotary the frequencies
 * @param length number of positions
 * @param values {@code length × 2·frequencies}
 */
record RotaryTable(RotaryPositions rotary, int length, MemorySegment values) {

    static RotaryTable of(RotaryPositions rotary, int length) {
        int half = rotary.frequencies().size();
        MemorySegment values = Arena.ofAuto().allocate(2L * half * length * Float.BYTES, Float.BYTES);
        for (int position = 0; position < length; position++) {
            for (int i = 0; i < half; i++) {
                double angle = position * rotary.frequencies().get(i);
                long first = 2L * half * position;
                values.setAtIndex(ValueLayout.JAVA_FLOAT, first + i, (float) Math.cos(angle));
                values.setAtIndex(ValueLayout.JAVA_FLOAT, first + half + i, (float) Math.sin(angle));
            }
        }
        return new RotaryTable(rotary, length, values);
    }

    boolean serves(RotaryPositions other, int positions) {
        return positions <= length && rotary.equals(other);
    }

    /** Turns one head at a position. */
    void turn(RowKernels kernels, MemorySegment heads, long first, int position) {
        int half = rotary.frequencies().size();
        kernels.rotate(heads, first, values, 2L * half * position, half);
    }
}
