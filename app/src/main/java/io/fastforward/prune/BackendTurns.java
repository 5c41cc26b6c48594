package io.fastforward.prune;

import java.util.Iterator;
import java.util.concurrent.CancellationException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * Turns at a backend, which is called by one thread at a time, for threads that do something else in between. Once the turns
 * are over, nobody gets another one but to close what is open.
 */
final class BackendTurns {

    /** Fair, so that whoever gives work to the others is not kept from it by them. */
    private final ReentrantLock lock = new ReentrantLock(true);

    private volatile boolean over;

    /**
     * Does something while nobody else does.
     *
     * @throws CancellationException if the turns are over
     */
    <R> R take(Supplier<R> work) {
        lock.lock();
        try {
            requireNotOver();
            return work.get();
        } finally {
            lock.unlock();
        }
    }

    /** The same without a result. */
    void take(Runnable work) {
        take(() -> {
            work.run();
            return true;
        });
    }

    /** Closes something of the backend's, even if the turns are over. */
    void close(Runnable closing) {
        lock.lock();
        try {
            closing.run();
        } finally {
            lock.unlock();
        }
    }

    /** The same elements, for each of which a turn is taken: they are computed when they are asked for. */
    <T> Iterable<T> each(Iterable<T> elements) {
        return () -> {
            Iterator<T> each = take(elements::iterator);
            return new Iterator<>() {
                @Override
                public boolean hasNext() {
                    return take(each::hasNext);
                }

                @Override
                public T next() {
                    return take(each::next);
                }
            };
        };
    }

    /** Ends the turns. */
    void end() {
        over = true;
    }

    /** For those who work for long without a turn. */
    void requireNotOver() {
        if (over) {
            throw new CancellationException("what this is done for has failed or ended");
        }
    }
}
