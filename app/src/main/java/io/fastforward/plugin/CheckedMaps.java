package io.fastforward.plugin;

import io.fastforward.spi.model.Linear;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;

/** Checks the shapes of maps that plugins give. */
final class CheckedMaps {

    private CheckedMaps() {}

    static void require(CalledPlugin called, Linear map, int rows, int columns, boolean biased) {
        require(called, map.weight(), rows, columns, "weight");
        Matrix bias = map.bias();
        if ((bias != null) != biased) {
            throw called.failure("gave a map with" + (bias == null ? "out" : "") + " a bias for one with"
                    + (bias == null ? "" : "out"));
        }
        if (bias != null) {
            require(called, bias, 1, rows, "bias");
        }
    }

    private static void require(CalledPlugin called, Matrix matrix, int rows, int columns, String name) {
        if (matrix.rows() != rows || matrix.columns() != columns || matrix.type() != DataType.F32) {
            throw called.failure("gave a " + name + " of " + matrix.rows() + " × " + matrix.columns() + " numbers in "
                    + matrix.type() + ", expected " + rows + " × " + columns + " in F32");
        }
    }
}
