package io.fastforward.spi.backend;

import org.jspecify.annotations.Nullable;

/**
 * A device failed through no fault of the caller: it was lost, its driver refused, a kernel did not compile for it.
 * What was on it is gone; the backend that threw it can only be closed. The message is one line that names the device
 * and what to do.
 */
public final class DeviceException extends RuntimeException {

    public DeviceException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
