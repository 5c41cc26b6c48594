package io.fastforward.spi.backend;

/** A row-major single-precision matrix in the device's memory. */
public interface DeviceMatrix extends DeviceObject {
    /** Number of rows. */
    int rows();

    /** Number of columns. */
    int columns();
}
