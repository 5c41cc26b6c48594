package io.fastforward.plugin;

import io.fastforward.failure.Failure;
import io.fastforward.spi.backend.DeviceException;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The calls that a plugin makes back into the engine. If the engine fails there, for want of memory on the device say,
 * and the plugin then fails too, the former is what the run ends with, whatever the plugin made of it.
 */
final class EngineCalls {

    private volatile @Nullable Throwable failed;

    /** Calls the engine on behalf of a plugin, on any thread. */
    <R> R call(Supplier<R> engine) {
        try {
            return engine.get();
        } catch (Failure | DeviceException | OutOfMemoryError e) {
            failed = e;
            throw e;
        }
    }

    /** Makes a checked call of a plugin that calls the engine; one at a time. */
    <R> R within(Supplier<R> plugin) {
        failed = null;
        try {
            return plugin.get();
        } catch (RuntimeException | Error e) {
            switch (failed) {
                case RuntimeException first -> throw first;
                case Error first -> throw first;
                case null, default -> throw e;
            }
        }
    }

    /**
     * Makes such a call of a plugin that is given numbers, and may reject those that are not finite.
     *
     * @throws Failure if it rejects finite ones
     * @throws IllegalArgumentException as the plugin threw it, if they are not finite
     */
    <R> R within(CalledPlugin called, String doing, BooleanSupplier finite, Supplier<? extends @Nullable R> plugin) {
        try {
            return within(() -> called.callThatMayReject(doing, plugin));
        } catch (IllegalArgumentException e) {
            throw finite.getAsBoolean() ? called.failed(doing, e) : e;
        }
    }
}
