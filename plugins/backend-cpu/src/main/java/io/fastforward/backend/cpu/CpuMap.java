package io.fastforward.backend.cpu;

import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.tensor.Matrix;
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

    /** Query, key and value map of attention as one, so that they cost one product. */
    static CpuMap ofProjection(WeightLoader loader, AttentionSpec spec, ModuleWeights weights) {
        var layout = new ProjectionLayout(spec);
        int rows = layout.width(spec.units());
        FloatView weight = loader.allocate(rows, spec.hiddenSize());
        FloatView bias = spec.inputBias() ? loader.allocate(1, rows) : null;
        for (int head = 0; head < spec.heads(spec.units()); head++) {
            copyHead(loader, spec, weights.map(MapRole.QUERY), head, layout.query(head), weight, bias);
        }
        for (int group = 0; group < spec.groups(); group++) {
            copyHead(loader, spec, weights.map(MapRole.KEY), group, layout.key(group), weight, bias);
            copyHead(loader, spec, weights.map(MapRole.VALUE), group, layout.value(group), weight, bias);
        }
        return new CpuMap(weight, bias == null ? null : bias.data());
    }

    private static void copyHead(
            WeightLoader loader,
            AttentionSpec spec,
            Linear map,
            int head,
            int target,
            FloatView weight,
            @Nullable FloatView bias) {
        int size = spec.headSize();
        loader.widen(map.weight().rowRange(head * size, size), weight.at(target, 0));
        Matrix offsets = map.bias();
        if (bias != null && offsets != null) {
            long first = (long) head * size * offsets.type().bytes();
            var part = new Matrix(offsets.data().asSlice(first), offsets.type(), 1, size, size);
            loader.widen(part, bias.at(0, target));
        }
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
