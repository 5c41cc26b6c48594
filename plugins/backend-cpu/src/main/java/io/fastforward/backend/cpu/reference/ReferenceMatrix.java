package io.fastforward.backend.cpu.reference;

import io.fastforward.spi.backend.DeviceMatrix;

/**
 * A matrix on the heap.
 *
 * @param values one array a row
 */
record ReferenceMatrix(float[][] values) implements DeviceMatrix {

    @Override
    public int rows() {
        return values.length;
    }

    @Override
    public int columns() {
        return values[0].length;
    }

    @Override
    public void close() {}
}
