package io.fastforward.backend.cpu;

import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** Brings stored weights to single precision, on all threads. */
final class WeightLoader {

    private static final int ALIGNMENT = 64; // one cache line, and the widest vector register
    private static final int ROWS_PER_ITEM = 64;

    private final CpuResources cpu;
    private final Arena arena;

    /** A loader to memory of an arena. */
    WeightLoader(CpuResources cpu, Arena arena) {
        this.cpu = cpu;
        this.arena = arena;
    }

    /** A copy without gaps between the rows. */
    FloatView load(Matrix source) {
        long bytes = Math.multiplyExact((long) source.rows() * source.columns(), (long) Float.BYTES);
        var target = new FloatView(arena.allocate(bytes, ALIGNMENT), 0, source.columns());
        widen(cpu, source, target);
        return target;
    }

    @Nullable
    MemorySegment loadRow(@Nullable Matrix source) {
        return source == null ? null : load(source).data();
    }

    /** Converts all rows to the leading columns of as many rows of the target. */
    static void widen(CpuResources cpu, Matrix source, FloatView target) {
        cpu.forTiles(
                source.rows(),
                ROWS_PER_ITEM,
                1,
                1,
                (row, rows, column, columns, worker) ->
                        widenRows(cpu.kernels(), source.rowRange(row, rows), target.at(row, 0)));
    }

    /** The same on the calling thread. */
    static void widenRows(RowKernels kernels, Matrix source, FloatView target) {
        for (int row = 0; row < source.rows(); row++) {
            kernels.widen(
                    source.type(),
                    source.data(),
                    row * source.rowStride() * source.type().bytes(),
                    target.data(),
                    target.index(row),
                    source.columns());
        }
    }
}
