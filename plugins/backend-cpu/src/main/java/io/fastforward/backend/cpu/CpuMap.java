package io.fastforward.backend.cpu;

import io.fastforward.spi.model.Linear;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * A linear map with its weights in single precision.
 *
 * @param weight {@code outputs × inputs}
 * @param bias {@code outputs} numbers, or null if there are none
 */
record CpuMap(FloatView weight, @Nullable MemorySegment bias) {

    static CpuMap load(WeightLoader loader, Linear linear) {
        return new CpuMap(loader.load(linear.weight()), loader.loadRow(linear.bias()));
    }

    /**
     * y = β·y + x·Wᵀ + b for some rows and consecutive outputs.
     *
     * @param inputs how many leading columns of x and W are used
     * @param y where the first of these outputs of the first row goes
     */
    void apply(
            CpuResources cpu,
            FloatView x,
            int rows,
            int inputs,
            int firstOutput,
            int outputs,
            float beta,
            FloatView y) {
        cpu.blas().multiplyByTransposed(rows, outputs, inputs, x, weight.at(firstOutput, 0), beta, y);
        if (bias != null) {
            for (int row = 0; row < rows; row++) {
                cpu.kernels().add(bias, firstOutput, y.data(), y.index(row), outputs);
            }
        }
    }
}
