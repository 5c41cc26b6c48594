package io.fastforward.backend.cpu;

import io.fastforward.spi.model.NormWeights;
import io.fastforward.spi.model.Normalization;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** A normalisation with its weights in single precision. */
record CpuNorm(
        Normalization normalization,
        int width,
        MemorySegment weight,
        @Nullable MemorySegment bias) {

    static CpuNorm load(WeightLoader loader, Normalization normalization, NormWeights weights) {
        return new CpuNorm(
                normalization,
                weights.weight().columns(),
                loader.load(weights.weight()).data(),
                loader.loadRow(weights.bias()));
    }

    void apply(RowKernels kernels, MemorySegment source, long sourceFirst, MemorySegment target, long first) {
        kernels.normalize(normalization, weight, bias, source, sourceFirst, target, first, width);
    }
}
