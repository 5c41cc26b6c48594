package uk.ac.manchester.tornado.api.exceptions;

/** Signatures of the failure of a plan's end. */
public class TornadoExecutionPlanException extends Exception {

    public TornadoExecutionPlanException(String reason) {
        super(reason);
    }
}
