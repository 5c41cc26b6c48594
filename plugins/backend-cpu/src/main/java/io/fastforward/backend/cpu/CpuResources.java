package io.fastforward.backend.cpu;

import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * What every computation of the CPU backend works with: the library, the kernels, the threads, and scratch memory
 * that is used again from call to call.
 *
 * @param blas matrix products
 * @param kernels everything else
 * @param pool the threads
 * @param normalized normalised hidden states of one {@link #CHUNK_ROWS chunk}
 * @param keys keys of one chunk
 * @param values values of one chunk
 * @param first scratch memory of each worker
 * @param second more of it
 * @param third still more of it
 */
record CpuResources(
        OpenBlas blas,
        RowKernels kernels,
        WorkerPool pool,
        Scratch normalized,
        Scratch keys,
        Scratch values,
        Scratch[] first,
        Scratch[] second,
        Scratch[] third)
        implements AutoCloseable {

    /** Rows that pass through a module together; it bounds the scratch memory. A longer sequence passes whole. */
    static final int CHUNK_ROWS = 4096;

    /** Rows of weights that one product uses. */
    static final int PANEL = 512;

    private static final int LARGEST_ROW_TILE = 512;
    private static final int SMALLEST_ROW_TILE = 32;
    private static final int ROW_TILES = 8;

    /** Part of a matrix of results, from some row and column, and the worker that makes it. */
    interface TileWork {
        void run(int row, int rows, int column, int columns, int worker);
    }

    static CpuResources create(OpenBlas blas, RowKernels kernels, int threads) {
        IntFunction<Scratch[]> ofWorkers = count ->
                IntStream.range(0, count).mapToObj(worker -> new Scratch()).toArray(Scratch[]::new);
        return new CpuResources(
                blas,
                kernels,
                new WorkerPool(threads),
                new Scratch(),
                new Scratch(),
                new Scratch(),
                ofWorkers.apply(threads),
                ofWorkers.apply(threads),
                ofWorkers.apply(threads));
    }

    /**
     * Rows of one tile: enough of them to pay for packing the weights, few enough to occupy several threads. It
     * depends on the batch alone, so that results do not depend on the number of threads.
     */
    static int rowTile(int rows) {
        return Math.clamp(tiles(rows, ROW_TILES), SMALLEST_ROW_TILE, LARGEST_ROW_TILE);
    }

    static int tiles(int length, int tile) {
        return Math.ceilDiv(length, tile);
    }

    /** Cuts a matrix of results into tiles and computes them in parallel, those that use the same weights together. */
    void forTiles(int rows, int rowTile, int columns, int columnTile, TileWork work) {
        int rowTiles = tiles(rows, rowTile);
        pool.run(Math.multiplyExact(rowTiles, tiles(columns, columnTile)), (item, worker) -> {
            int row = item % rowTiles * rowTile;
            int column = item / rowTiles * columnTile;
            work.run(row, Math.min(rowTile, rows - row), column, Math.min(columnTile, columns - column), worker);
        });
    }

    /** The normalised rows of a matrix. */
    FloatView normalize(CpuNorm norm, FloatView source, int rows, int columns) {
        FloatView target = normalized.matrix(rows, columns);
        forTiles(rows, rowTile(rows), 1, 1, (row, count, column, columnCount, worker) -> {
            for (int i = row; i < row + count; i++) {
                norm.apply(kernels, source.data(), source.index(i), target.data(), target.index(i));
            }
        });
        return target;
    }

    @Override
    public void close() {
        pool.close();
        normalized.close();
        keys.close();
        values.close();
        for (Scratch[] workers : new Scratch[][] {first, second, third}) {
            for (Scratch scratch : workers) {
                scratch.close();
            }
        }
    }
}
