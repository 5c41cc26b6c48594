package io.fastforward.backend.cpu;

import io.fastforward.backend.cpu.algebra.FloatView;
import io.fastforward.backend.cpu.kernel.RowKernels;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** Brings stored weights to single precision, on all threads. */
final class WeightLoader {

    private static final int ALIGNMENT = 64; // one cache line, and the widest vector register

    private final CpuResources cpu;
    private final Arena arena;

    /** A loader to memory of an arena. */
    WeightLoader(CpuResources cpu, Arena arena) {
        this.cpu = cpu;
        this.arena = arena;
    }

    /** A copy without gaps between the rows. */
    FloatView load(Matrix source) {
        FloatView target = allocate(source.rows(), source.columns());
        widen(source, target);
        return target;
    }

    /** A zeroed matrix without gaps between the rows. */
    FloatView allocate(int rows, int columns) {
        long bytes = Math.multiplyExact((long) rows * columns, (long) Float.BYTES);
        return new FloatView(arena.allocate(bytes, ALIGNMENT), 0, columns);
    }

    void widen(Matrix source, FloatView target) {
        widen(cpu, source, target);
    }

    @Nullable
    MemorySegment loadRow(@Nullable Matrix source) {
        return source == null ? null : load(source).data();
    }

    /** Converts all rows to the leading columns of as many rows of the target. */
    static void widen(CpuResources cpu, Matrix source, FloatView target) {
        cpu.forRows(
                source.rows(), (row, rows) -> widenRows(cpu.kernels(), source.rowRange(row, rows), target.at(row, 0)));
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
