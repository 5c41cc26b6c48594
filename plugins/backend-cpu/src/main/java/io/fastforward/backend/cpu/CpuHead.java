package io.fastforward.backend.cpu;

import io.fastforward.backend.cpu.algebra.FloatView;
import io.fastforward.spi.backend.LoadedHead;
import io.fastforward.spi.model.HeadWeights;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * A head. A small one is copied in single precision; of a large one, panels are converted whenever they are used.
 *
 * @param arena owns what is copied
 * @param norm the final normalisation
 * @param weight {@code vocabulary × hidden}
 * @param bias one number for each token, or null if there are none
 */
record CpuHead(
        Arena arena, CpuNorm norm, Matrix weight, @Nullable MemorySegment bias) implements LoadedHead {

    private static final long LARGEST_COPY = 32L << 20;

    static CpuHead load(CpuResources cpu, HeadWeights weights) {
        Matrix stored = weights.head().weight();
        Arena arena = Arena.ofShared();
        try {
            var loader = new WeightLoader(cpu, arena);
            CpuNorm norm = CpuNorm.load(loader, weights.normalization(), weights.norm(), stored.columns());
            MemorySegment bias = loader.loadRow(weights.head().bias());
            if ((long) stored.rows() * stored.columns() * Float.BYTES > LARGEST_COPY) {
                return new CpuHead(arena, norm, stored, bias);
            }
            FloatView copy = loader.load(stored);
            var weight = new Matrix(copy.data(), DataType.F32, stored.rows(), stored.columns(), stored.columns());
            return new CpuHead(arena, norm, weight, bias);
        } catch (Throwable e) {
            arena.close();
            throw e;
        }
    }

    /** Rows of the weights in single precision: where they are, or in scratch memory. */
    FloatView panel(CpuResources cpu, int firstToken, int tokens, Scratch scratch) {
        Matrix rows = weight.rowRange(firstToken, tokens);
        if (rows.type() == DataType.F32
                && rows.data().address() % Float.BYTES == 0
                && rows.rowStride() <= Integer.MAX_VALUE) {
            return new FloatView(rows.data(), 0, (int) rows.rowStride());
        }
        FloatView copy = scratch.matrix(tokens, rows.columns());
        cpu.widenRows(rows, copy);
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
