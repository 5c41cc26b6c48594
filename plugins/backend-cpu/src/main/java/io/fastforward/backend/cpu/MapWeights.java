package io.fastforward.backend.cpu;

import io.fastforward.backend.cpu.algebra.FloatView;
import io.fastforward.spi.tensor.Matrix;

/** The weights of a linear map, {@code outputs × inputs}, zero at first. What they are kept as is their own affair. */
interface MapWeights {

    /** A tile of outputs begins at a multiple of this. */
    int block();

    /** Replaces leading columns of some consecutive rows; on all threads. */
    void write(CpuResources cpu, Matrix part, int firstOutput);

    /**
     * What weights of this width multiply; on all threads. It is gone when the next one is made.
     *
     * @param inputs how many leading columns of x and of the weights are used
     */
    MapInput input(CpuResources cpu, FloatView x, int rows, int inputs);

    /**
     * y = β·y + x·Wᵀ for some rows and consecutive outputs, in the calling thread. β is 0 or 1.
     *
     * @param x as {@link #input} made it
     * @param inputs as there
     * @param firstOutput a multiple of {@link #block()}
     * @param y where the first of these outputs of the first row goes; what is beside them is left as it was
     */
    void multiply(
            CpuResources cpu,
            MapInput x,
            int rows,
            int inputs,
            int firstOutput,
            int outputs,
            float beta,
            FloatView y,
            int worker);
}
