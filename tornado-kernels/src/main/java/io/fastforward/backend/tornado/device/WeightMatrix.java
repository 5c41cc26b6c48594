package io.fastforward.backend.tornado.device;

/** A matrix of weights on the device, an output in each row. */
public sealed interface WeightMatrix extends AutoCloseable permits StoredMatrix, PackedMatrix {

    /** Outputs. */
    int rows();

    /** Inputs. */
    int columns();

    /** Gives its memory back. */
    @Override
    void close();
}
