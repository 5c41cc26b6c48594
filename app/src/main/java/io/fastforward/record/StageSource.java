package io.fastforward.record;

import io.fastforward.report.Progress;
import java.util.function.Supplier;

/**
 * Where a stage may find its result ready.
 *
 * @param <T> what the stage makes
 */
@FunctionalInterface
public interface StageSource<T> {

    /**
     * The result.
     *
     * @param progress is told if it was made before, and where it lies
     * @param make does the stage's work, if nobody has done it
     */
    T orMade(Progress progress, Supplier<T> make);

    /** Nothing is ready. */
    static <T> StageSource<T> none() {
        return (progress, make) -> make.get();
    }
}
