package io.fastforward.backend.cpu.reference;

import io.fastforward.spi.backend.LoadedModule;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.model.Normalization;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;

/**
 * A module's weights on the heap.
 *
 * @param spec what it computes
 * @param norm its normalisation
 * @param maps its linear maps
 */
record ReferenceModule(ModuleSpec spec, ReferenceNorm norm, Map<MapRole, ReferenceMap> maps) implements LoadedModule {

    static ReferenceModule of(ModuleSpec spec, ModuleWeights weights) {
        var maps = new EnumMap<MapRole, ReferenceMap>(MapRole.class);
        weights.maps().forEach((role, map) -> maps.put(role, ReferenceMap.of(map)));
        return new ReferenceModule(spec, ReferenceNorm.of(spec.normalization(), weights.norm()), maps);
    }

    /** What the input maps get to see. */
    double[] input(double[] hidden) {
        return spec.normalization().placement() == Normalization.Placement.BEFORE ? norm.apply(hidden) : hidden;
    }

    /** What the module leaves behind. */
    double[] result(double[] hidden) {
        return spec.normalization().placement() == Normalization.Placement.AFTER ? norm.apply(hidden) : hidden;
    }

    ReferenceMap map(MapRole role) {
        return Objects.requireNonNull(maps.get(role));
    }

    @Override
    public void close() {}
}
