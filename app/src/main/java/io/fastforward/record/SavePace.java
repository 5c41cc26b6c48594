package io.fastforward.record;

import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * How often a pass that takes long is saved. Time decides what is saved alone, never what comes out.
 *
 * @param least work between two times, at least
 * @param share how many times as long as saving takes work is to be, at least
 * @param clock tells nanoseconds since any one time
 */
record SavePace(Duration least, int share, LongSupplier clock) {

    /** What disks can be expected to take in a second, as long as none was timed. */
    private static final double BYTES_A_SECOND = 500e6;

    private static final double SECOND = 1e9;

    /** Seconds of work between two times, for tests of whole processes. With 0, a pass is saved after every layer. */
    private static final String SECONDS = "fastforward.save.seconds";

    /** So that a pass which takes less than a minute saves nothing, and none spends more than a twentieth of its time on it. */
    static SavePace usual() {
        int seconds = Integer.getInteger(SECONDS, 60);
        return seconds <= 0 ? always() : new SavePace(Duration.ofSeconds(seconds), 20, System::nanoTime);
    }

    /** After every layer. */
    static SavePace always() {
        return new SavePace(Duration.ZERO, 0, System::nanoTime);
    }

    /** Nanoseconds since any one time. */
    long now() {
        return clock.getAsLong();
    }

    /**
     * Whether it is time to save.
     *
     * @param worked nanoseconds since the last time
     * @param saving nanoseconds that it is likely to take
     */
    boolean isDue(long worked, long saving) {
        return worked >= least.toNanos() && worked >= share * (double) saving;
    }

    /** Nanoseconds that it is likely to take to save some bytes for the first time. */
    static long saving(long bytes) {
        return (long) (bytes / BYTES_A_SECOND * SECOND);
    }
}
