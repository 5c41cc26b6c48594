package io.fastforward.spi.backend;

import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.tensor.DoubleMatrix;
import java.lang.foreign.Arena;

/** A sum over tokens that grows batch by batch on the device. */
public interface Moments extends DeviceObject {
    /**
     * Adds the first rows of two matrices; except for cross moments both are the same one. Only the
     * leading columns, as many as the widths given to {@link ComputeBackend#moments}, are read.
     */
    void add(DeviceMatrix left, DeviceMatrix right, int rows);

    /** Number of rows added so far. */
    long tokens();

    /** The sum so far, in the shape that {@link Moment} states. */
    DoubleMatrix read(Arena arena);

    /**
     * The same at the end: nothing is added or read afterwards. A backend that sums up in memory of the host gives that memory
     * away instead of a copy.
     *
     * @param arena a shared one, which owns the result from now on
     */
    default DoubleMatrix handOver(Arena arena) {
        return read(arena);
    }
}
