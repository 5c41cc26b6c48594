package uk.ac.manchester.tornado.api;

/** Signatures of what worker grids have in common. */
public abstract class AbstractWorkerGrid implements WorkerGrid {

    AbstractWorkerGrid() {}

    @Override
    public void setGlobalWork(long x, long y, long z) {
        throw new UnsupportedOperationException(TornadoNativeApi.ABSENT);
    }

    @Override
    public void setLocalWork(long x, long y, long z) {
        throw new UnsupportedOperationException(TornadoNativeApi.ABSENT);
    }
}
