package io.fastforward.backend.cpu;

import io.fastforward.spi.backend.LoadedModule;
import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.model.MlpSpec;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.ModuleWeights;
import java.lang.foreign.Arena;
import java.util.List;

/** A module's weights in single precision, off the heap. */
final class CpuModule implements LoadedModule {

    private final CpuResources cpu;
    private final ModuleSpec spec;
    private final Arena arena = Arena.ofShared();
    private final CpuNorm norm;
    private final List<CpuMap> inputs;
    private final CpuMap output;

    CpuModule(CpuResources cpu, ModuleSpec spec, ModuleWeights weights) {
        this.cpu = cpu;
        this.spec = spec;
        try {
            var loader = new WeightLoader(cpu, arena);
            this.norm = CpuNorm.load(loader, spec.normalization(), weights.norm(), spec.hiddenSize());
            this.inputs = switch (spec) {
                case AttentionSpec attention -> List.of(CpuMap.ofProjection(loader, attention, weights));
                case MlpSpec mlp ->
                    weights.inputs().stream()
                            .map(map -> CpuMap.load(loader, map))
                            .toList();
            };
            this.output = CpuMap.load(loader, weights.output());
        } catch (Throwable e) {
            arena.close();
            throw e;
        }
    }

    CpuNorm norm() {
        return norm;
    }

    /** The maps that make the features: {@link CpuMap#ofProjection one} of attention; gate, if there is one, and up of an MLP. */
    List<CpuMap> inputs() {
        return inputs;
    }

    CpuMap output() {
        return output;
    }

    /** Replaces what goes with some leading units in a map. */
    void replace(MapRole role, Linear map) {
        var loader = new WeightLoader(cpu, arena);
        switch (role) {
            case QUERY, KEY, VALUE -> inputs.getFirst().replaceHeads(loader, (AttentionSpec) spec, role, map);
            case GATE -> inputs.getFirst().replace(loader, map);
            case UP -> inputs.getLast().replace(loader, map);
            case ATTENTION_OUTPUT, MLP_OUTPUT -> output.replace(loader, map);
        }
    }

    @Override
    public ModuleSpec spec() {
        return spec;
    }

    @Override
    public void close() {
        arena.close();
    }
}
