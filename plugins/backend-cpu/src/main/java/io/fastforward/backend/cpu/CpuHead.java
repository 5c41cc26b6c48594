package io.fastforward.backend.cpu;

import io.fastforward.backend.cpu.algebra.FloatView;
import io.fastforward.backend.cpu.kernel.RowKernels;
import io.fastforward.spi.backend.LoadedHead;
import io.fastforward.spi.model.HeadWeights;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** A head. A small one is copied in single precision; of a large one, panels are converted whenever they are used. */
final class CpuHead implements LoadedHead {

    private static final long LARGEST_COPY = 32L << 20;

    private final Arena arena = Arena.ofShared();
    private final CpuNorm norm;
    private final Matrix weight;
    private final @Nullable MemorySegment bias;

    CpuHead(CpuResources cpu, HeadWeights weights) {
        Matrix stored = weights.head().weight();
        try {
            var loader = new WeightLoader(cpu, arena);
            this.norm = CpuNorm.load(loader, weights.normalization(), weights.norm(), stored.columns());
            this.bias = loader.loadRow(weights.head().bias());
            if ((long) stored.rows() * stored.columns() * Float.BYTES <= LARGEST_COPY) {
                FloatView copy = loader.load(stored);
                this.weight = new Matrix(copy.data(), DataType.F32, stored.rows(), stored.columns(), stored.columns());
            } else {
                this.weight = stored;
            }
        } catch (Throwable e) {
            arena.close();
            throw e;
        }
    }

    CpuNorm norm() {
        return norm;
    }

    @Nullable
    MemorySegment bias() {
        return bias;
    }

    /** Rows of the weights in single precision: where they are, or in scratch memory. */
    FloatView panel(RowKernels kernels, int firstToken, int tokens, Scratch scratch) {
        Matrix rows = weight.rowRange(firstToken, tokens);
        if (rows.type() == DataType.F32
                && rows.data().address() % Float.BYTES == 0
                && rows.rowStride() <= Integer.MAX_VALUE) {
            return new FloatView(rows.data(), 0, (int) rows.rowStride());
        }
        FloatView copy = scratch.matrix(tokens, rows.columns());
        WeightLoader.widenRows(kernels, rows, copy);
        return copy;
    }

    @Override
    public int vocabulary() {
        return weight.rows();
    }

    int hiddenSize() {
        return weight.columns();
    }

    @Override
    public void close() {
        arena.close();
    }
}
