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

/**
 * A module's weights, off the heap.
 *
 * @param spec what it computes
 * @param arena owns the memory
 * @param norm its normalisation
 * @param inputs the maps that make the features: {@link CpuMap#ofProjection one} of attention; gate, if there is one, and
 *     up of an MLP
 * @param output the map from the features back to the hidden state
 */
record CpuModule(ModuleSpec spec, Arena arena, CpuNorm norm, List<CpuMap> inputs, CpuMap output)
        implements LoadedModule {

    static CpuModule load(CpuResources cpu, ModuleSpec spec, ModuleWeights weights) {
        Arena arena = Arena.ofShared();
        try {
            var loader = new WeightLoader(cpu, arena);
            CpuNorm norm = CpuNorm.load(loader, spec.normalization(), weights.norm(), spec.hiddenSize());
            List<CpuMap> inputs = switch (spec) {
                case AttentionSpec attention -> List.of(CpuMap.ofProjection(loader, attention, weights));
                case MlpSpec _ ->
                    weights.inputs().stream()
                            .map(map -> CpuMap.load(loader, map, false))
                            .toList();
            };
            return new CpuModule(spec, arena, norm, inputs, CpuMap.load(loader, weights.output(), true));
        } catch (Throwable e) {
            arena.close();
            throw e;
        }
    }

    /** Replaces what goes with some leading units in a map. */
    void replace(CpuResources cpu, MapRole role, Linear map) {
        switch (role) {
            case QUERY, KEY, VALUE -> inputs.getFirst().replaceRows(cpu, (AttentionSpec) spec, role, map);
            case GATE -> inputs.getFirst().replace(cpu, map);
            case UP -> inputs.getLast().replace(cpu, map);
            case ATTENTION_OUTPUT, MLP_OUTPUT -> output.replace(cpu, map);
        }
    }

    @Override
    public void close() {
        arena.close();
    }
}
