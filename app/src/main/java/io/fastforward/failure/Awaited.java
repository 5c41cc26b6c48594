package io.fastforward.failure;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;

/** Work of other threads that somebody waits for, as if it were done here. */
public final class Awaited {

    private Awaited() {}

    /**
     * Waits for it, and throws what it threw.
     *
     * @param meanwhile what goes on, for the message: "runs go on"
     * @throws IllegalStateException if this thread is interrupted meanwhile; it stays so
     */
    public static <T> T get(Future<T> work, String meanwhile) {
        try {
            return work.get();
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case RuntimeException cause -> throw cause;
                case Error cause -> throw cause;
                case null, default -> throw new IllegalStateException(e);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while " + meanwhile, e);
        }
    }
}
