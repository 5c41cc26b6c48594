package io.fastforward.backend.cpu;

import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MlpSpec;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.ModuleWeights;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** A module's weights in single precision, off the heap. */
final class CpuModule implements HostModule {

    private final CpuBackend owner;
    private final CpuResources cpu;
    private final ModuleSpec spec;
    private final Arena arena = Arena.ofShared();
    private final CpuNorm norm;
    private final List<CpuMap> inputs;
    private CpuMap output;

    CpuModule(CpuBackend owner, CpuResources cpu, ModuleSpec spec, ModuleWeights weights) {
        this.owner = owner;
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

    @Override
    public void replaceOutput(Linear replacement) {
        WeightLoader.widen(cpu, replacement.weight(), output.weight());
        if (replacement.bias() == null) {
            return;
        }
        MemorySegment bias = output.bias();
        if (bias == null) {
            output = new CpuMap(output.weight(), new WeightLoader(cpu, arena).loadRow(replacement.bias()));
        } else {
            WeightLoader.widen(cpu, replacement.bias(), new FloatView(bias, 0, spec.hiddenSize()));
        }
    }

    @Override
    public HostBackend owner() {
        return owner;
    }

    @Override
    public ModuleSpec spec() {
        return spec;
    }

    @Override
    public boolean isOpen() {
        return arena.scope().isAlive();
    }

    @Override
    public void close() {
        if (isOpen()) {
            arena.close();
        }
    }
}
