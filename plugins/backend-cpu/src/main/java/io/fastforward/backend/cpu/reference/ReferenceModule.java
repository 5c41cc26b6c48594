package io.fastforward.backend.cpu.reference;

import io.fastforward.spi.backend.LoadedModule;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.model.Normalization;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;

/** A module's weights on the heap. */
final class ReferenceModule implements LoadedModule {

    private final ModuleSpec spec;
    private final ReferenceNorm norm;
    private final Map<MapRole, ReferenceMap> maps = new EnumMap<>(MapRole.class);

    ReferenceModule(ModuleSpec spec, ModuleWeights weights) {
        this.spec = spec;
        this.norm = ReferenceNorm.of(spec.normalization(), weights.norm());
        weights.maps().forEach((role, map) -> maps.put(role, ReferenceMap.of(map)));
    }

    /** What the input maps get to see. */
    double[] input(double[] hidden) {
        return spec.normalization().placement() == Normalization.Placement.BEFORE ? norm.apply(hidden) : hidden;
    }

    /** What the module leaves behind. */
    double[] result(double[] hidden) {
        return spec.normalization().placement() == Normalization.Placement.AFTER ? norm.apply(hidden) : hidden;
    }

    /** The first {@code outputs} elements of what a map makes of the leading elements of its input. */
    double[] apply(MapRole role, double[] x, int outputs) {
        return map(role).apply(x, outputs);
    }

    /** Replaces leading rows or columns of a map. */
    void replace(MapRole role, Linear map) {
        map(role).replace(map);
    }

    private ReferenceMap map(MapRole role) {
        return Objects.requireNonNull(maps.get(role));
    }

    @Override
    public ModuleSpec spec() {
        return spec;
    }

    @Override
    public void close() {}
}
