package uk.ac.manchester.tornado.api;

/** Signatures of work-items in a row. */
public class WorkerGrid1D extends AbstractWorkerGrid {

    public WorkerGrid1D(int x) {}
}
