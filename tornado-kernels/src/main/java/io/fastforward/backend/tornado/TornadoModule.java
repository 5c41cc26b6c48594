package io.fastforward.backend.tornado;

import io.fastforward.backend.tornado.device.DeviceMemory;
import io.fastforward.spi.backend.LoadedModule;
import io.fastforward.spi.model.Axis;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.ModuleWeights;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;

/** A module whose weights are on the device. */
final class TornadoModule implements LoadedModule {

    private final ModuleSpec spec;
    private final LoadedNormalization norm;
    private final Map<MapRole, LinearMap> maps = new EnumMap<>(MapRole.class);

    TornadoModule(DeviceMemory memory, ModuleSpec spec, ModuleWeights weights) {
        this.spec = spec;
        norm = new LoadedNormalization(memory, spec.normalization(), weights.norm());
        try {
            weights.maps()
                    .forEach((role, map) ->
                            maps.put(role, new LinearMap(memory, map, role.isOutput() ? Axis.COLUMNS : Axis.ROWS)));
        } catch (Throwable e) {
            close();
            throw e;
        }
    }

    LoadedNormalization norm() {
        return norm;
    }

    LinearMap map(MapRole role) {
        return Objects.requireNonNull(maps.get(role));
    }

    LinearMap output() {
        return map(spec.maps().getLast().role());
    }

    @Override
    public ModuleSpec spec() {
        return spec;
    }

    @Override
    public void close() {
        norm.close();
        maps.values().forEach(LinearMap::close);
    }
}
