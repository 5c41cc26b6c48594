package io.fastforward.prune;

import static java.util.Objects.requireNonNull;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Tasks in threads of their own, whose results are taken in the order in which the tasks were started. There are never more
 * of them than threads, and a task's memory lives until its result was taken. The first one that fails has the others
 * stopped, and what it threw is thrown where results are taken. To be used by one thread.
 */
final class OrderedTasks<R> implements AutoCloseable {

    /** Something to do, and the memory that it needs. */
    interface Task<R> extends AutoCloseable {

        /** Does it, on some thread, and soon throws anything if it is to stop. */
        R run();

        /** Frees the memory, and with it the result, on the thread that started it. */
        @Override
        void close();
    }

    private record Started<R>(Task<R> task, Future<R> result) {}

    private final int most;
    private final Runnable stop;
    private final ExecutorService threads;
    private final Deque<Started<R>> started = new ArrayDeque<>();
    private final AtomicReference<@Nullable Throwable> failed = new AtomicReference<>();

    /**
     * No tasks yet.
     *
     * @param most how many there are at a time
     * @param stop has those that run stop soon
     */
    OrderedTasks(int most, Runnable stop) {
        this.most = most;
        this.stop = stop;
        this.threads = Executors.newFixedThreadPool(
                most, Thread.ofPlatform().daemon().name("layer-", 0).factory());
    }

    boolean isEmpty() {
        return started.isEmpty();
    }

    /** Whether a result has to be taken before another task is started. */
    boolean isFull() {
        return started.size() == most;
    }

    /** Starts a task, which is closed here. */
    void start(Task<R> task) {
        try {
            if (isFull()) {
                throw new IllegalStateException("there are " + most + " tasks already");
            }
            started.addLast(new Started<>(task, threads.submit(() -> watched(task))));
        } catch (Throwable e) {
            task.close();
            throw e;
        }
    }

    private R watched(Task<R> task) {
        try {
            return task.run();
        } catch (Throwable e) {
            if (failed.compareAndSet(null, e)) {
                stop.run();
            }
            throw e;
        }
    }

    /**
     * Waits for the task that was started first.
     *
     * @param taker is given its result, which is valid during the call
     * @throws CancellationException if this thread is interrupted meanwhile; it stays so
     */
    void take(Consumer<R> taker) {
        Started<R> first = started.getFirst();
        taker.accept(await(first.result));
        started.removeFirst();
        first.task.close();
    }

    /** Throws what the first task that failed has thrown, if one has: then this thread was stopped, too. */
    void requireNoneFailed() {
        Throwable thrown = failed.get();
        if (thrown != null) {
            throw unchecked(thrown);
        }
    }

    private R await(Future<R> result) {
        try {
            return result.get();
        } catch (ExecutionException e) {
            // Not what this one threw: another one may have failed and had it stopped.
            throw unchecked(requireNonNull(failed.get()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            CancellationException cancelled = new CancellationException("interrupted while layers were at work");
            cancelled.initCause(e);
            throw cancelled;
        }
    }

    private static RuntimeException unchecked(Throwable thrown) {
        return switch (thrown) {
            case RuntimeException e -> e;
            case Error e -> throw e;
            default -> new IllegalStateException(thrown); // tasks throw no others
        };
    }

    /** Has all tasks stop, waits until they have, and closes them. */
    @Override
    public void close() {
        stop.run();
        threads.close();
        started.forEach(each -> each.task.close());
    }
}
