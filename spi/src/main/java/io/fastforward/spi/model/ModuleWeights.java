package io.fastforward.spi.model;

import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The weights of a module. Which maps there are, and their shapes, says its {@link ModuleSpec#maps()}.
 *
 * @param norm normalisation of the module's input, or of its result; without columns if the module is the identity
 * @param maps its linear maps, in the order of {@link MapRole}
 */
public record ModuleWeights(NormWeights norm, SequencedMap<MapRole, Linear> maps) {

    public ModuleWeights {
        maps = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(maps));
    }

    /** The weights of a module that is the identity: none. */
    public static final ModuleWeights NONE = new ModuleWeights(
            new NormWeights(Matrix.allocate(Arena.global(), DataType.F32, 1, 0), null), new LinkedHashMap<>());

    /** The weights of an attention module. */
    public static ModuleWeights ofAttention(NormWeights norm, Linear query, Linear key, Linear value, Linear output) {
        var maps = new LinkedHashMap<MapRole, Linear>();
        maps.put(MapRole.QUERY, query);
        maps.put(MapRole.KEY, key);
        maps.put(MapRole.VALUE, value);
        maps.put(MapRole.ATTENTION_OUTPUT, output);
        return new ModuleWeights(norm, maps);
    }

    /** The weights of an MLP module; without a gate map if it is not gated. */
    public static ModuleWeights ofMlp(NormWeights norm, @Nullable Linear gate, Linear up, Linear output) {
        var maps = new LinkedHashMap<MapRole, Linear>();
        if (gate != null) {
            maps.put(MapRole.GATE, gate);
        }
        maps.put(MapRole.UP, up);
        maps.put(MapRole.MLP_OUTPUT, output);
        return new ModuleWeights(norm, maps);
    }

    /**
     * The map of some role.
     *
     * @throws IllegalArgumentException if the module has none
     */
    public Linear map(MapRole role) {
        Linear map = maps.get(role);
        if (map == null) {
            throw new IllegalArgumentException("the module has no map " + role + ", but " + maps.keySet());
        }
        return map;
    }

    /** The maps that make the features, in the order of their roles. */
    public List<Linear> inputs() {
        return maps.entrySet().stream()
                .filter(entry -> !entry.getKey().isOutput())
                .map(Map.Entry::getValue)
                .toList();
    }

    /** The map from features back to the hidden state. */
    public Linear output() {
        return maps.lastEntry().getValue();
    }

    /** The same module with other weights in every map. */
    public ModuleWeights mapEach(UnaryOperator<Linear> change) {
        return new ModuleWeights(norm, changed((role, map) -> change.apply(map)));
    }

    /** The same module with some of its maps replaced. */
    public ModuleWeights with(Map<MapRole, Linear> replacements) {
        return new ModuleWeights(norm, changed((role, map) -> replacements.getOrDefault(role, map)));
    }

    /** The same module with a bias of zeros on its output map, if it has one and that has none. */
    public ModuleWeights withOutputBias(Arena arena) {
        if (maps.isEmpty() || output().bias() != null) {
            return this;
        }
        Matrix weight = output().weight();
        Matrix zeros = Matrix.allocate(arena, weight.type(), 1, weight.rows());
        return with(Map.of(maps.lastEntry().getKey(), new Linear(weight, zeros)));
    }

    private SequencedMap<MapRole, Linear> changed(BiFunction<MapRole, Linear, Linear> change) {
        var changed = new LinkedHashMap<MapRole, Linear>();
        maps.forEach((role, map) -> changed.put(role, change.apply(role, map)));
        return changed;
    }
}
