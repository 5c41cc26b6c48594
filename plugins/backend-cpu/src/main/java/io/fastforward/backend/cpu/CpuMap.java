package io.fastforward.backend.cpu;

import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.MemorySegment;
import java.util.List;
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
     * Query, key and value map of attention as one, in the order of KV groups: the queries of a group, its key, its
     * value. So they cost one product, and the leading groups are leading rows.
     */
    static CpuMap ofGroups(WeightLoader loader, AttentionSpec spec, List<Linear> maps) {
        int rows = spec.groups() * groupWidth(spec);
        FloatView weight = loader.allocate(rows, spec.hiddenSize());
        FloatView bias = spec.inputBias() ? loader.allocate(1, rows) : null;
        for (int group = 0; group < spec.groups(); group++) {
            int target = group * groupWidth(spec);
            for (Linear map : maps) {
                int width = map.weight().rows() / spec.groups();
                loader.widen(map.weight().rowRange(group * width, width), weight.at(target, 0));
                if (bias != null && map.bias() != null) {
                    Matrix offsets = map.bias();
                    var part = new Matrix(
                            offsets.data()
                                    .asSlice((long) group
                                            * width
                                            * offsets.type().bytes()),
                            offsets.type(),
                            1,
                            width,
                            width);
                    loader.widen(part, bias.at(0, target));
                }
                target += width;
            }
        }
        return new CpuMap(weight, bias == null ? null : bias.data());
    }

    /** Outputs of one KV group in a map {@link #ofGroups of groups}. */
    static int groupWidth(AttentionSpec spec) {
        return (spec.queriesPerGroup() + 2) * spec.headSize();
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
