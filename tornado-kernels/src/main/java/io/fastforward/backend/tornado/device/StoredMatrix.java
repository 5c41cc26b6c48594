package io.fastforward.backend.tornado.device;

import io.fastforward.spi.tensor.DataType;

/**
 * A matrix on the device in the data type in which it is stored, rows without gaps.
 *
 * @param array the array of weights that holds it
 * @param region where in it, in numbers of 32 bits
 */
public record StoredMatrix(int array, Region region, DataType type, int rows, int columns) implements WeightMatrix {

    /** Number of an element within its array. */
    public int element(int row, int column) {
        return Math.toIntExact(region.start() * (long) (Float.BYTES / type.bytes()) + (long) row * columns + column);
    }

    @Override
    public void close() {
        region.close();
    }
}
