package io.fastforward.sparsifiers;

import io.fastforward.spi.measure.MapView;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.DoubleMatrix;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** The weights of a map in double precision, and back. */
final class Weights {

    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private Weights() {}

    /**
     * A map's weights.
     *
     * @throws IllegalArgumentException if one is not finite; the message says where
     */
    static DoubleMatrix of(MapView map, Arena scratch) {
        Matrix weight = map.map().weight();
        DoubleMatrix wide = DoubleMatrix.allocate(scratch, weight.rows(), weight.columns());
        float[] narrow = new float[weight.columns()];
        double[] row = new double[weight.columns()];
        for (int i = 0; i < weight.rows(); i++) {
            read(map, i, narrow);
            for (int j = 0; j < row.length; j++) {
                row[j] = narrow[j];
            }
            wide.writeRow(i, row, row.length);
        }
        return wide;
    }

    /**
     * A row of a map's weights.
     *
     * @throws IllegalArgumentException as {@link #of}
     */
    static void read(MapView map, int row, float[] target) {
        Matrix weight = map.map().weight();
        if (weight.type() == DataType.F32) {
            long offset = row * weight.rowStride() * Float.BYTES;
            MemorySegment.copy(weight.data(), FLOAT, offset, target, 0, target.length);
        } else {
            for (int j = 0; j < target.length; j++) {
                target[j] = weight.get(row, j);
            }
        }
        for (int j = 0; j < target.length; j++) {
            if (!Float.isFinite(target[j])) {
                throw new IllegalArgumentException(map.place() + ": row " + row + ", column " + j + " is " + target[j]
                        + ", but a finite number was expected; the checkpoint is damaged");
            }
        }
    }

    /** Writes a row of a matrix without gaps, in single precision. */
    static void write(Matrix target, int row, float[] source) {
        MemorySegment.copy(source, 0, target.data(), FLOAT, (long) row * source.length * Float.BYTES, source.length);
    }

    /** The map with other weights, rounded to single precision. */
    static Linear replaced(MapView map, DoubleMatrix weights, Arena arena) {
        Matrix narrow = Matrix.allocate(arena, DataType.F32, weights.rows(), weights.columns());
        double[] row = new double[weights.columns()];
        float[] rounded = new float[row.length];
        for (int i = 0; i < weights.rows(); i++) {
            weights.readRow(i, row, row.length);
            for (int j = 0; j < row.length; j++) {
                rounded[j] = (float) row[j];
            }
            write(narrow, i, rounded);
        }
        return replaced(map, narrow, arena);
    }

    /** The map with other weights and a copy of its bias, if it has one. */
    static Linear replaced(MapView map, Matrix weights, Arena arena) {
        Matrix bias = map.map().bias();
        return new Linear(weights, bias == null ? null : bias.copy(DataType.F32, arena));
    }
}
