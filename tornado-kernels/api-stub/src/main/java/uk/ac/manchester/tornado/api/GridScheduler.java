package uk.ac.manchester.tornado.api;

/** Signatures of what says how many work-items a task has. */
public class GridScheduler {

    public GridScheduler() {}

    public void addWorkerGrid(String taskName, WorkerGrid workerGrid) {
        throw new UnsupportedOperationException(TornadoNativeApi.ABSENT);
    }
}
