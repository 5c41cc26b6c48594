package io.fastforward.plugin;

import io.fastforward.spi.model.Linear;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;

/** Checks the shapes of maps that plugins give. */
final class CheckedMaps {

    private CheckedMaps() {}

    static void require(PluginOrigin origin, Linear map, int rows, int columns, boolean biased) {
        require(origin, map.weight(), rows, columns, "weight");
        Matrix bias = map.bias();
        if ((bias != null) != biased) {
            throw origin.failure("gave a map with" + (bias == null ? "out" : "") + " a bias for one with"
                    + (bias == null ? "" : "out"));
        }
        if (bias != null) {
            require(origin, bias, 1, rows, "bias");
        }
    }

    private static void require(PluginOrigin origin, Matrix matrix, int rows, int columns, String name) {
        if (matrix.rows() != rows || matrix.columns() != columns || matrix.type() != DataType.F32) {
            throw origin.failure("gave a " + name + " of " + matrix.rows() + " × " + matrix.columns() + " numbers in "
                    + matrix.type() + ", expected " + rows + " × " + columns + " in F32");
        }
    }
}
