package io.fastforward.backend.tornado;

import io.fastforward.spi.backend.LoadedModule;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.ModuleWeights;
import java.util.ArrayList;
import java.util.List;

/** A module whose weights are on the device. */
final class TornadoModule extends LoadedWeights implements LoadedModule {

    private final ModuleSpec spec;
    private final LoadedNormalization norm;
    private final List<LinearMap> inputs;
    private final OutputMap output;
    private final List<Runnable> closings = new ArrayList<>();

    TornadoModule(TornadoBackend owner, DeviceMemory memory, ModuleSpec spec, ModuleWeights weights) {
        super(owner);
        this.spec = spec;
        try {
            norm = new LoadedNormalization(memory, spec.normalization(), weights.norm());
            closings.add(norm::close);
            List<LinearMap> maps = new ArrayList<>();
            for (Linear map : weights.inputs()) {
                LinearMap loaded = LinearMap.load(memory, map);
                closings.add(loaded::close);
                maps.add(loaded);
            }
            inputs = List.copyOf(maps);
            output = new OutputMap(memory, weights.output());
            closings.add(output::close);
        } catch (Throwable e) {
            release();
            throw e;
        }
    }

    LoadedNormalization norm() {
        return norm;
    }

    /** The maps that make the features, in the order of the weights. */
    List<LinearMap> inputs() {
        return inputs;
    }

    OutputMap output() {
        return output;
    }

    @Override
    public ModuleSpec spec() {
        return spec;
    }

    @Override
    void release() {
        closings.forEach(Runnable::run);
    }
}
