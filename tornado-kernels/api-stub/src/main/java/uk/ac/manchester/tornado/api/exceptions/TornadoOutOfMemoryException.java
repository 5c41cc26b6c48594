package uk.ac.manchester.tornado.api.exceptions;

/** Signatures of a device without room. */
public class TornadoOutOfMemoryException extends RuntimeException {

    public TornadoOutOfMemoryException(String msg) {
        super(msg);
    }
}
