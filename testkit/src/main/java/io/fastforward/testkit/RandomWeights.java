package io.fastforward.testkit;

import io.fastforward.spi.model.HeadWeights;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.model.NormWeights;
import io.fastforward.spi.model.Normalization;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.DoubleMatrix;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** Random weights as a checkpoint may hold them: of any data type, at an odd address, with gaps between the rows. */
final class RandomWeights {

    private static final int ODD_OFFSET = 1;
    private static final int GAP = 3;

    private final Arena arena;
    private final DataType type;
    private final SplittableRandom random;

    RandomWeights(Arena arena, DataType type, long seed) {
        this.arena = arena;
        this.type = type;
        this.random = new SplittableRandom(seed);
    }

    ModuleWeights module(ModuleSpec spec) {
        NormWeights norm = norm(spec.normalization(), spec.hiddenSize());
        var maps = new LinkedHashMap<MapRole, Linear>();
        spec.maps().forEach(map -> maps.put(map.role(), linear(map.rows(), map.columns(), map.bias())));
        return new ModuleWeights(norm, maps);
    }

    HeadWeights head(@Nullable Normalization normalization, int vocabulary, int hidden, boolean bias) {
        return new HeadWeights(
                normalization,
                normalization == null ? null : norm(normalization, hidden),
                linear(vocabulary, hidden, bias));
    }

    Linear linear(int outputs, int inputs, boolean bias) {
        @Nullable Matrix offset = bias ? matrix(1, outputs, 0.5) : null;
        return new Linear(matrix(outputs, inputs, 1.5 / Math.sqrt(inputs)), offset);
    }

    private NormWeights norm(Normalization normalization, int hidden) {
        Matrix weight = matrix(1, hidden, 0.3);
        for (int i = 0; i < hidden; i++) {
            weight.set(0, i, 1 + weight.get(0, i));
        }
        return new NormWeights(
                weight, normalization.kind() == Normalization.Kind.LAYER ? matrix(1, hidden, 0.3) : null);
    }

    /** Normally distributed numbers of some standard deviation. */
    Matrix matrix(int rows, int columns, double deviation) {
        long stride = columns + (long) GAP;
        MemorySegment memory = arena.allocate(rows * stride * type.bytes() + ODD_OFFSET, 16);
        var matrix = new Matrix(memory.asSlice(ODD_OFFSET), type, rows, columns, stride);
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                matrix.set(row, column, (float) (deviation * random.nextGaussian()));
            }
        }
        return matrix;
    }

    /** Doubles with gaps between the rows. */
    DoubleMatrix doubles(int rows, int columns) {
        long stride = columns + (long) GAP;
        MemorySegment memory = arena.allocate(rows * stride * Double.BYTES, 16);
        var matrix = new DoubleMatrix(memory, rows, columns, stride);
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                matrix.set(row, column, random.nextGaussian());
            }
        }
        return matrix;
    }
}
