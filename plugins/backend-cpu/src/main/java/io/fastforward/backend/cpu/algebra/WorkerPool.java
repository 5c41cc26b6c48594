package io.fastforward.backend.cpu.algebra;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.IntStream;

/**
 * Threads that work through numbered items together with the caller. The items are the same whatever the number of
 * threads, so results are too. Calls from several threads take turns.
 */
public final class WorkerPool implements AutoCloseable {

    /** The work on one item. {@code worker}, from 0, names the thread and thereby its scratch memory. */
    public interface Work {
        void run(int item, int worker);
    }

    /** Part of a matrix of results, from some row and column, and the worker that makes it. */
    public interface TileWork {
        void run(int row, int rows, int column, int columns, int worker);
    }

    private final Lock turn = new ReentrantLock();

    /** A thread each, so that the scratch memory of a worker stays near the same core. */
    private final List<ExecutorService> helpers;

    private boolean closed;

    public WorkerPool(int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("the CPU computes with at least 1 thread, but got " + threads);
        }
        helpers = IntStream.range(1, threads).mapToObj(WorkerPool::helper).toList();
    }

    private static ExecutorService helper(int worker) {
        ExecutorService helper = Executors.newSingleThreadExecutor(
                Thread.ofPlatform().daemon().name("cpu-worker-" + worker).factory());
        helper.execute(() -> {}); // so that a thread that cannot start fails here, not in the middle of a batch
        return helper;
    }

    /**
     * Runs the work on the items 0 to {@code items} − 1 and returns when all are done. What an item throws is thrown
     * here; the items that were not begun by then are dropped.
     */
    public void run(int items, Work work) {
        turn.lock();
        try {
            if (closed) {
                throw new IllegalStateException("what these threads work for is closed");
            }
            var next = new AtomicInteger();
            var parts = new CompletableFuture<?>[Math.clamp(items, 1, helpers.size() + 1)];
            for (int worker = parts.length - 1; worker >= 0; worker--) {
                int number = worker;
                Executor executor = worker == 0 ? Runnable::run : helpers.get(worker - 1);
                parts[worker] = CompletableFuture.runAsync(() -> take(items, next, work, number), executor);
            }
            CompletableFuture.allOf(parts).join();
        } catch (CompletionException e) {
            switch (e.getCause()) {
                case RuntimeException cause -> throw cause;
                case Error cause -> throw cause;
                case null, default -> throw new IllegalStateException(e);
            }
        } finally {
            turn.unlock();
        }
    }

    private static void take(int items, AtomicInteger next, Work work, int worker) {
        try {
            int item;
            while ((item = next.getAndIncrement()) < items) {
                work.run(item, worker);
            }
        } catch (Throwable e) {
            next.set(items);
            throw e;
        }
    }

    /** Computes a matrix of results tile by tile in parallel, the tiles that use the same columns together. */
    public void forTiles(Tiling tiling, int rows, int columns, TileWork work) {
        int rowTiles = Math.ceilDiv(rows, tiling.rows());
        int columnTiles = Math.ceilDiv(columns, tiling.columns());
        run(Math.multiplyExact(rowTiles, columnTiles), (item, worker) -> {
            int row = item % rowTiles * tiling.rows();
            int column = item / rowTiles * tiling.columns();
            work.run(
                    row,
                    Math.min(tiling.rows(), rows - row),
                    column,
                    Math.min(tiling.columns(), columns - column),
                    worker);
        });
    }

    /** Waits for what is being worked on. */
    @Override
    public void close() {
        turn.lock();
        try {
            closed = true;
            helpers.forEach(ExecutorService::shutdown);
        } finally {
            turn.unlock();
        }
    }
}
