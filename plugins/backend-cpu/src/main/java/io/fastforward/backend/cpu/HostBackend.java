package io.fastforward.backend.cpu;

import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.DeviceMatrix;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.MemorySegment;

/** What the backends in host memory share: matrices. */
abstract class HostBackend implements ComputeBackend {

    @Override
    public final DeviceMatrix allocate(int rows, int columns) {
        return new HostMatrix(rows, columns);
    }

    @Override
    public final void read(DeviceMatrix source, int firstRow, Matrix target) {
        var matrix = (HostMatrix) source;
        for (int row = 0; row < target.rows(); row++) {
            MemorySegment.copy(
                    matrix.data(),
                    (long) (firstRow + row) * matrix.columns() * Float.BYTES,
                    target.data(),
                    row * target.rowStride() * Float.BYTES,
                    (long) target.columns() * Float.BYTES);
        }
    }
}
