package uk.ac.manchester.tornado.api;

/** Signatures of the work-items of a task. */
public interface WorkerGrid {

    void setGlobalWork(long x, long y, long z);

    void setLocalWork(long x, long y, long z);
}
