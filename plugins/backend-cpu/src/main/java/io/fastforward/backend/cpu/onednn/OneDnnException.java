package io.fastforward.backend.cpu.onednn;

/** oneDNN refuses what it is asked for, or would do it by something that nobody wants; the message says what. */
final class OneDnnException extends IllegalStateException {

    private static final long serialVersionUID = 1;

    OneDnnException(String message) {
        super(message);
    }
}
