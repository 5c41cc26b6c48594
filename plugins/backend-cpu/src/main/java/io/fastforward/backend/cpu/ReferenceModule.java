package io.fastforward.backend.cpu;

import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.model.Normalization;
import io.fastforward.spi.tensor.Matrix;
import java.util.List;

/** A module's weights on the heap. */
final class ReferenceModule implements HostModule {

    private final HostBackend owner;
    private final ModuleSpec spec;
    private final ReferenceNorm norm;
    private final List<ReferenceMap> inputs;
    private ReferenceMap output;
    private boolean open = true;

    ReferenceModule(HostBackend owner, ModuleSpec spec, ModuleWeights weights) {
        this.owner = owner;
        this.spec = spec;
        this.norm = ReferenceNorm.of(spec.normalization(), weights.norm());
        this.inputs = weights.inputs().stream().map(ReferenceMap::of).toList();
        this.output = ReferenceMap.of(weights.output());
    }

    /** What the input maps get to see. */
    double[] input(double[] hidden) {
        return spec.normalization().placement() == Normalization.Placement.BEFORE ? norm.apply(hidden) : hidden;
    }

    /** What the module leaves behind. */
    double[] result(double[] hidden) {
        return spec.normalization().placement() == Normalization.Placement.AFTER ? norm.apply(hidden) : hidden;
    }

    /** The maps that make the features, in the order of {@link ModuleWeights#inputs()}. */
    List<ReferenceMap> inputs() {
        return inputs;
    }

    ReferenceMap output() {
        return output;
    }

    @Override
    public void replaceOutput(Linear replacement) {
        Matrix weight = replacement.weight();
        for (int row = 0; row < weight.rows(); row++) {
            System.arraycopy(ReferenceMap.row(weight, row), 0, output.weight()[row], 0, weight.columns());
        }
        if (replacement.bias() != null) {
            output = new ReferenceMap(output.weight(), ReferenceMap.row(replacement.bias(), 0));
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
        return open;
    }

    @Override
    public void close() {
        open = false;
    }
}
