package io.fastforward.backend.cpu;

import io.fastforward.spi.model.HeadWeights;
import org.jspecify.annotations.Nullable;

/** A head on the heap. */
final class ReferenceHead implements HostHead {

    private final HostBackend owner;
    private final @Nullable ReferenceNorm norm;
    private final ReferenceMap head;
    private boolean open = true;

    ReferenceHead(HostBackend owner, HeadWeights weights) {
        this.owner = owner;
        this.norm = weights.normalization() == null || weights.norm() == null
                ? null
                : ReferenceNorm.of(weights.normalization(), weights.norm());
        this.head = ReferenceMap.of(weights.head());
    }

    double[] logits(double[] hidden) {
        return head.apply(norm == null ? hidden : norm.apply(hidden), vocabulary());
    }

    @Override
    public HostBackend owner() {
        return owner;
    }

    @Override
    public int vocabulary() {
        return head.weight().length;
    }

    @Override
    public int hiddenSize() {
        return head.weight()[0].length;
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
