package io.fastforward.backend.cpu;

import io.fastforward.backend.cpu.algebra.FloatView;
import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A linear map.
 *
 * @param weight {@code outputs × inputs}
 * @param bias {@code outputs} numbers in single precision, or null if there are none
 */
record CpuMap(MapWeights weight, @Nullable MemorySegment bias) {

    /** @param inputsVary as in {@link MapProducts#allocate} */
    static CpuMap load(WeightLoader loader, Linear linear, boolean inputsVary) {
        return new CpuMap(loader.loadMap(linear.weight(), inputsVary), loader.loadRow(linear.bias()));
    }

    /** Query, key and value map of attention as one, so that they cost one product. */
    static CpuMap ofProjection(WeightLoader loader, AttentionSpec spec, ModuleWeights weights) {
        int rows = new ProjectionLayout(spec).width(spec.units());
        var projection = new CpuMap(
                loader.cpu().maps().allocate(loader.arena(), rows, spec.hiddenSize(), false),
                spec.inputBias() ? FloatView.allocate(loader.arena(), 1, rows).data() : null);
        for (MapRole role : List.of(MapRole.QUERY, MapRole.KEY, MapRole.VALUE)) {
            projection.replaceRows(loader.cpu(), spec, role, weights.map(role));
        }
        return projection;
    }

    /** Replaces leading rows of the query, key or value map in a projection. */
    void replaceRows(CpuResources cpu, AttentionSpec spec, MapRole role, Linear map) {
        var layout = new ProjectionLayout(spec);
        int size = layout.rowsTogether(role);
        for (int first = 0; first < map.weight().rows(); first += size) {
            int target = layout.column(role, first / size);
            weight.write(cpu, map.weight().rowRange(first, size), target);
            Matrix offsets = map.bias();
            if (bias != null && offsets != null) {
                long firstByte = (long) first * offsets.type().bytes();
                var part = new Matrix(offsets.data().asSlice(firstByte), offsets.type(), 1, size, size);
                cpu.widen(part, new FloatView(bias, target, size));
            }
        }
    }

    /** Replaces leading rows or columns, and as many biases if there are any. */
    void replace(CpuResources cpu, Linear map) {
        weight.write(cpu, map.weight(), 0);
        Matrix offsets = map.bias();
        if (bias != null && offsets != null) {
            cpu.widen(offsets, new FloatView(bias, 0, offsets.columns()));
        }
    }

    /**
     * y = β·y + x·Wᵀ + b for some rows and consecutive outputs, as {@link MapWeights#multiply}.
     */
    void apply(
            CpuResources cpu,
            MapInput x,
            int rows,
            int inputs,
            int firstOutput,
            int outputs,
            float beta,
            FloatView y,
            int worker) {
        weight.multiply(cpu, x, rows, inputs, firstOutput, outputs, beta, y, worker);
        if (bias != null) {
            for (int row = 0; row < rows; row++) {
                cpu.kernels().add(bias, firstOutput, y.data(), y.index(row), outputs);
            }
        }
    }
}
