package uk.ac.manchester.tornado.api;

/** Signatures of what an execution leaves behind. */
public class TornadoExecutionResult {

    TornadoExecutionResult() {}
}
