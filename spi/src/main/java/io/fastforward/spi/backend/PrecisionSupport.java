package io.fastforward.spi.backend;

/**
 * Whether a device computes in some {@link Precision}, and whether that is worth while.
 *
 * @param available whether it can
 * @param faster whether that is truly faster here than {@link Precision#SINGLE}, as measured on this machine
 * @param message one line: what computes, and what was measured; or why it cannot
 */
public record PrecisionSupport(boolean available, boolean faster, String message) {

    public PrecisionSupport {
        if (faster && !available) {
            throw new IllegalArgumentException("what is not available is not faster: " + message);
        }
    }

    /** It cannot; the message says why. */
    public static PrecisionSupport missing(String message) {
        return new PrecisionSupport(false, false, message);
    }
}
