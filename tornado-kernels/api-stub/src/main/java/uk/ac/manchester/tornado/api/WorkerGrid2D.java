package uk.ac.manchester.tornado.api;

/** Signatures of work-items in rows and columns. */
public class WorkerGrid2D extends AbstractWorkerGrid {

    public WorkerGrid2D(int x, int y) {}
}
