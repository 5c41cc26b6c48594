package io.fastforward.spi.backend;

import org.jspecify.annotations.Nullable;

/**
 * Whether a provider can serve on this machine, and if not, why, and what the user can do about it.
 *
 * @param available whether it can serve
 * @param message one line: what was found, or what is missing
 * @param hint what to install or change; empty if nothing is to be done
 * @param cause what went wrong while probing, if something did
 */
public record Availability(
        boolean available,
        String message,
        String hint,
        @Nullable Throwable cause) {

    /** Ready to serve. */
    public static Availability ready(String message) {
        return new Availability(true, message, "", null);
    }

    /** Ready, but slower than it could be; the hint says how to lift that. */
    public static Availability slow(String message, String hint) {
        return new Availability(true, message, hint, null);
    }

    /** Not able to serve here. */
    public static Availability missing(String message, String hint, @Nullable Throwable cause) {
        return new Availability(false, message, hint, cause);
    }
}
