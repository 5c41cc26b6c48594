package io.fastforward.backend.cpu;

import java.lang.foreign.MemorySegment;

/**
 * Rows of numbers as the weights of a linear map take them: of their type, and filled up with zeros where they ask for more.
 *
 * @param data the memory
 * @param first index of the first number
 * @param stride numbers from one row to the next
 */
record MapInput(MemorySegment data, long first, int stride) {

    /** The rows from a later one on. */
    MapInput from(int row) {
        return new MapInput(data, first + (long) row * stride, stride);
    }
}
