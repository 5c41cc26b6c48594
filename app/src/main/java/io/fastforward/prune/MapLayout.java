package io.fastforward.prune;

import com.fasterxml.jackson.annotation.JsonSetter;
import com.fasterxml.jackson.annotation.Nulls;
import io.fastforward.spi.model.LayerSpec;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.model.MapShape;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What the numbers of a map in a file are.
 *
 * @param role which map of its layer it is
 * @param type in which its weights are stored
 * @param rows its outputs, at least 0
 * @param columns its inputs, at least 0
 * @param bias in which its bias is stored; null if it has none
 */
public record MapLayout(
        MapRole role,
        DataType type,
        int rows,
        int columns,
        @JsonSetter(nulls = Nulls.SET) @Nullable DataType bias) {

    /** Far more than any map has; so bytes can be counted. */
    private static final long MOST_WEIGHTS = 1L << 40;

    public MapLayout {
        if (rows < 0 || columns < 0 || (long) rows * columns > MOST_WEIGHTS) {
            throw new IllegalArgumentException("a map cannot be " + rows + " × " + columns);
        }
    }

    /** That of a map. */
    public static MapLayout of(MapRole role, Linear map) {
        Matrix bias = map.bias();
        return new MapLayout(
                role,
                map.weight().type(),
                map.weight().rows(),
                map.weight().columns(),
                bias == null ? null : bias.type());
    }

    /** Bytes of the weights, which the bias follows. */
    public long weightBytes() {
        return (long) rows * columns * type.bytes();
    }

    /** Bytes of weights and bias. */
    public long bytes() {
        return weightBytes() + (bias == null ? 0 : (long) rows * bias.bytes());
    }

    /**
     * Checks that a layer replaced no maps.
     *
     * @throws IllegalArgumentException if it did
     */
    static void requireNone(List<MapLayout> maps) {
        if (!maps.isEmpty()) {
            throw new IllegalArgumentException("it has a map " + maps.getFirst().role() + " that was not replaced");
        }
    }

    /**
     * Checks that it is that of a map of some layer.
     *
     * @param wanted in which its numbers have to be stored; null: in any
     * @throws IllegalArgumentException if not
     */
    void requireFits(LayerSpec layer, @Nullable DataType wanted) {
        MapShape shape = Stream.of(layer.attention(), layer.mlp())
                .flatMap(module -> module.maps().stream())
                .filter(map -> map.role() == role)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("it has a map " + role + ", which the layer has not"));
        if (shape.rows() != rows || shape.columns() != columns || shape.bias() != (bias != null)) {
            throw new IllegalArgumentException("its map " + role + " is " + rows + " × " + columns + ", but should be "
                    + shape.rows() + " × " + shape.columns() + (shape.bias() ? " with" : " without") + " a bias");
        }
        if (wanted != null && (type != wanted || (bias != null && bias != wanted))) {
            throw new IllegalArgumentException(
                    "its map " + role + " is stored in " + type + ", but should be in " + wanted);
        }
    }
}
