package io.fastforward.worker;

/** A worker ended in the middle of its work, for a reason that may not come again. The message is one line. */
final class WorkerLost extends Exception {

    WorkerLost(String message) {
        super(message);
    }
}
