package io.fastforward.backend.cpu;

import io.fastforward.backend.cpu.algebra.FloatView;
import io.fastforward.spi.backend.LoadedHead;
import io.fastforward.spi.backend.Precision;
import io.fastforward.spi.model.HeadWeights;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * A head. In single precision a small one is copied; of a large one, panels are converted whenever they are used. In
 * other precisions it is loaded like any other map: making a panel ready takes a fifth of what a processor with matrix
 * instructions needs to multiply 1024 tokens by it.
 *
 * @param arena owns what is copied
 * @param norm the final normalisation
 * @param stored {@code vocabulary × hidden}
 * @param loaded the same; null if panels are converted
 * @param bias one number for each token, or null if there are none
 */
record CpuHead(
        Arena arena,
        CpuNorm norm,
        Matrix stored,
        @Nullable MapWeights loaded,
        @Nullable MemorySegment bias) implements LoadedHead {

    private static final long LARGEST_COPY = 32L << 20;

    static CpuHead load(CpuResources cpu, HeadWeights weights) {
        Matrix stored = weights.head().weight();
        Arena arena = Arena.ofShared();
        try {
            var loader = new WeightLoader(cpu, arena);
            CpuNorm norm = CpuNorm.load(loader, weights.normalization(), weights.norm(), stored.columns());
            MemorySegment bias = loader.loadRow(weights.head().bias());
            boolean converted = cpu.maps().precision() == Precision.SINGLE
                    && (long) stored.rows() * stored.columns() * Float.BYTES > LARGEST_COPY;
            return new CpuHead(arena, norm, stored, converted ? null : loader.loadMap(stored, false), bias);
        } catch (Throwable e) {
            arena.close();
            throw e;
        }
    }

    /** A tile of the vocabulary begins at a multiple of this. */
    int block() {
        return loaded == null ? 1 : loaded.block();
    }

    /** What the head multiplies, of rows that are normalised. */
    MapInput input(CpuResources cpu, FloatView x, int rows) {
        return loaded == null
                ? new MapInput(x.data(), x.first(), x.stride())
                : loaded.input(cpu, x, rows, hiddenSize());
    }

    /** y = x·Wᵀ for some rows and consecutive tokens, in the calling thread. */
    void multiply(CpuResources cpu, MapInput x, int rows, int token, int tokens, FloatView y, int worker) {
        if (loaded == null) {
            FloatView states = new FloatView(x.data(), x.first(), x.stride());
            FloatView weights = panel(cpu, token, tokens, cpu.first()[worker]);
            cpu.products().multiplyByTransposed(rows, tokens, hiddenSize(), states, weights, 0, y);
        } else {
            loaded.multiply(cpu, x, rows, hiddenSize(), token, tokens, 0, y, worker);
        }
    }

    /** Rows of the weights in single precision: where they are, or in scratch memory. */
    private FloatView panel(CpuResources cpu, int firstToken, int tokens, Scratch scratch) {
        Matrix rows = stored.rowRange(firstToken, tokens);
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
        return stored.rows();
    }

    int hiddenSize() {
        return stored.columns();
    }

    @Override
    public void close() {
        arena.close();
    }
}
