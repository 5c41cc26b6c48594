package io.fastforward.backend.cpu;

import io.fastforward.backend.cpu.algebra.FloatView;
import io.fastforward.backend.cpu.algebra.MatrixProducts;
import io.fastforward.backend.cpu.algebra.Tiling;
import io.fastforward.backend.cpu.algebra.WorkerPool;
import io.fastforward.backend.cpu.kernel.RowKernels;
import io.fastforward.spi.tensor.Matrix;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * What every computation of the CPU backend works with: the library, the kernels, the threads, and scratch memory
 * that is used again from call to call.
 *
 * @param products of matrices in single precision
 * @param maps of linear maps, in the precision of the backend; closed with this
 * @param kernels everything else
 * @param pool the threads
 * @param normalized normalised hidden states of one {@link #CHUNK_ROWS chunk}
 * @param projected queries, keys and values of one chunk
 * @param first scratch memory of each worker
 * @param second more of it
 */
record CpuResources(
        MatrixProducts products,
        MapProducts maps,
        RowKernels kernels,
        WorkerPool pool,
        Scratch normalized,
        Scratch projected,
        Scratch[] first,
        Scratch[] second)
        implements AutoCloseable {

    /** Rows that pass through a module together; it bounds the scratch memory. A longer sequence passes whole. */
    static final int CHUNK_ROWS = 4096;

    /** Consecutive rows. */
    interface RowWork {
        void run(int row, int rows);
    }

    static CpuResources create(MatrixProducts products, MapProducts maps, RowKernels kernels, int threads) {
        IntFunction<Scratch[]> ofWorkers = count ->
                IntStream.range(0, count).mapToObj(worker -> new Scratch()).toArray(Scratch[]::new);
        return new CpuResources(
                products,
                maps,
                kernels,
                new WorkerPool(threads),
                new Scratch(),
                new Scratch(),
                ofWorkers.apply(threads),
                ofWorkers.apply(threads));
    }

    /** Works through whole rows in parallel. */
    void forRows(int rows, RowWork work) {
        pool.forTiles(Tiling.ofRows(rows), rows, 1, (row, count, column, columns, worker) -> work.run(row, count));
    }

    /** What the input maps of a module, or a head, get to see of some rows: the rows themselves if nothing comes before. */
    FloatView normalize(CpuNorm norm, FloatView source, int rows, int columns) {
        if (!norm.isBefore()) {
            return source;
        }
        FloatView target = normalized.matrix(rows, columns);
        input(norm, source, target, rows);
        return target;
    }

    /** Brings what {@link #normalize} gives to some place. */
    void input(CpuNorm norm, FloatView source, FloatView target, int rows) {
        apply(norm.isBefore() ? norm : norm.none(), source, target, rows);
    }

    /** What a module leaves behind: normalised in place, if that is where its normalisation is. */
    void normalizeResult(CpuNorm norm, FloatView hidden, int rows) {
        if (norm.normalization() != null && !norm.isBefore()) {
            apply(norm, hidden, hidden, rows);
        }
    }

    private void apply(CpuNorm norm, FloatView source, FloatView target, int rows) {
        forRows(rows, (row, count) -> {
            for (int i = row; i < row + count; i++) {
                norm.apply(kernels, source.at(i, 0), target.at(i, 0));
            }
        });
    }

    /** Converts all rows to the leading columns of as many rows of the target. */
    void widen(Matrix source, FloatView target) {
        forRows(source.rows(), (row, rows) -> widenRows(source.rowRange(row, rows), target.at(row, 0)));
    }

    /** The same on the calling thread. */
    void widenRows(Matrix source, FloatView target) {
        for (int row = 0; row < source.rows(); row++) {
            long first = row * source.rowStride() * source.type().bytes();
            kernels.widen(source.type(), source.data(), first, target.data(), target.index(row), source.columns());
        }
    }

    @Override
    public void close() {
        pool.close();
        normalized.close();
        projected.close();
        for (int worker = 0; worker < first.length; worker++) {
            first[worker].close();
            second[worker].close();
        }
        maps.close();
    }
}
