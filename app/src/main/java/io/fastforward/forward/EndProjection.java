package io.fastforward.forward;

import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.DeviceMatrix;
import io.fastforward.spi.backend.LoadedHead;
import io.fastforward.spi.model.HeadWeights;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;

/**
 * A linear map between embeddings and hidden states where they differ in width (OPT-350M). To a device it is a head
 * without normalisation, whose logits are the images: so no backend has to know it.
 */
final class EndProjection implements AutoCloseable {

    private final ComputeBackend backend;
    private final LoadedHead map;

    /** @param map {@code outputs × inputs}, which lives as long */
    EndProjection(ComputeBackend backend, Matrix map) {
        this.backend = backend;
        this.map = backend.loadHead(new HeadWeights(null, null, Linear.of(map)));
    }

    /** The images of consecutive rows, F32: {@code rows × outputs}. */
    Matrix apply(DeviceMatrix source, int firstRow, int rows, Arena arena) {
        Matrix images = Matrix.allocate(arena, DataType.F32, rows, map.vocabulary());
        backend.logits(map, source, firstRow, images);
        return images;
    }

    @Override
    public void close() {
        map.close();
    }
}
