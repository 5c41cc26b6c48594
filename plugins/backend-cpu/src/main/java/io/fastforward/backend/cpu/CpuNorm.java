package io.fastforward.backend.cpu;

import io.fastforward.backend.cpu.algebra.FloatView;
import io.fastforward.backend.cpu.kernel.RowKernels;
import io.fastforward.spi.model.NormWeights;
import io.fastforward.spi.model.Normalization;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * A normalisation with its weights in single precision.
 *
 * @param normalization what it computes; null: nothing
 * @param width numbers that are normalised together
 * @param weight {@code width} factors; null if there is no normalisation
 * @param bias {@code width} summands, or null
 */
record CpuNorm(
        @Nullable Normalization normalization,
        int width,
        @Nullable MemorySegment weight,
        @Nullable MemorySegment bias) {

    static CpuNorm load(
            WeightLoader loader, @Nullable Normalization normalization, @Nullable NormWeights weights, int width) {
        return weights == null
                ? new CpuNorm(null, width, null, null)
                : new CpuNorm(
                        normalization, width, loader.load(weights.weight()).data(), loader.loadRow(weights.bias()));
    }

    /** The normalisation of as many numbers that leaves them as they are. */
    CpuNorm none() {
        return new CpuNorm(null, width, null, null);
    }

    boolean isBefore() {
        return normalization != null && normalization.placement() == Normalization.Placement.BEFORE;
    }

    /** target = normalised source, of the first row of each. */
    void apply(RowKernels kernels, FloatView source, FloatView target) {
        if (normalization == null || weight == null) {
            source.copyTo(target.data(), target.first(), width);
        } else {
            kernels.normalize(
                    normalization, weight, bias, source.data(), source.first(), target.data(), target.first(), width);
        }
    }
}
