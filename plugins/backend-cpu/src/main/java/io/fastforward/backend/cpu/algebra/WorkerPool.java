package io.fastforward.backend.cpu.algebra;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

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

    private final int threads;
    private final Lock turn = new ReentrantLock();
    private final Lock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private @Nullable Batch current;
    private boolean closed;

    public WorkerPool(int threads) {
        this.threads = threads;
        for (int worker = 1; worker < threads; worker++) {
            int number = worker;
            Thread.ofPlatform().daemon().name("cpu-worker-" + worker).start(() -> serve(number));
        }
    }

    public int threads() {
        return threads;
    }

    /**
     * Runs the work on the items 0 to {@code items} − 1 and returns when all are done. What an item throws is thrown
     * here; the items that were not begun by then are dropped.
     */
    public void run(int items, Work work) {
        turn.lock();
        try {
            int helpers = Math.min(threads, items) - 1;
            Batch batch = new Batch(items, work, Math.max(0, helpers));
            lock.lock();
            try {
                if (closed) {
                    throw new IllegalStateException("what these threads work for is closed");
                }
                current = batch;
                if (helpers > 0) {
                    changed.signalAll();
                }
            } finally {
                lock.unlock();
            }
            batch.take(0);
            batch.await();
        } finally {
            turn.unlock();
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

    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void serve(int worker) {
        Batch last = null;
        while (true) {
            lock.lock();
            try {
                while (current == last && !closed) {
                    changed.awaitUninterruptibly();
                }
                if (closed) {
                    return;
                }
                last = current;
            } finally {
                lock.unlock();
            }
            if (last != null && worker <= last.helpers) {
                last.help(worker);
            }
        }
    }

    private static final class Batch {
        private final int items;
        private final Work work;
        private final int helpers;
        private final AtomicInteger next = new AtomicInteger();
        private final AtomicReference<Throwable> failure = new AtomicReference<>();
        private final CountDownLatch helping;

        Batch(int items, Work work, int helpers) {
            this.items = items;
            this.work = work;
            this.helpers = helpers;
            this.helping = new CountDownLatch(helpers);
        }

        void take(int worker) {
            int item;
            while ((item = next.getAndIncrement()) < items && failure.get() == null) {
                try {
                    work.run(item, worker);
                } catch (Throwable e) {
                    failure.compareAndSet(null, e);
                }
            }
        }

        void help(int worker) {
            take(worker);
            helping.countDown();
        }

        void await() {
            boolean interrupted = false;
            while (true) {
                try {
                    helping.await();
                    break;
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
            switch (failure.get()) {
                case null -> {}
                case RuntimeException e -> throw e;
                case Error e -> throw e;
                case Throwable e -> throw new IllegalStateException(e);
            }
        }
    }
}
