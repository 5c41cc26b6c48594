package io.fastforward.calibrators;

import io.fastforward.spi.model.Linear;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;

/** A dense map restricted to its kept inputs. */
final class KeptInputs {

    private KeptInputs() {}

    /**
     * A copy of the leading columns, and of the bias.
     *
     * @throws IllegalArgumentException if the map is not single precision, or has fewer inputs
     */
    static Linear copy(Linear map, int kept, Arena arena) {
        Matrix weight = map.weight();
        if (kept < 1 || kept > weight.columns()) {
            throw new IllegalArgumentException(
                    "from 1 to " + weight.columns() + " inputs of the map can be kept, not " + kept);
        }
        Matrix bias = map.bias();
        return new Linear(copy(weight.leadingColumns(kept), arena), bias == null ? null : copy(bias, arena));
    }

    private static Matrix copy(Matrix source, Arena arena) {
        if (source.type() != DataType.F32) {
            throw new IllegalArgumentException("a map to calibrate must be F32, but is " + source.type());
        }
        return source.copy(DataType.F32, arena);
    }
}
