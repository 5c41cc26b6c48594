package io.fastforward.backend.cpu;

import io.fastforward.spi.model.HeadWeights;

/** A head on the heap. */
final class ReferenceHead implements HostHead {

    private final HostBackend owner;
    private final ReferenceNorm norm;
    private final ReferenceMap head;
    private boolean open = true;

    ReferenceHead(HostBackend owner, HeadWeights weights) {
        this.owner = owner;
        this.norm = ReferenceNorm.of(weights.normalization(), weights.norm());
        this.head = ReferenceMap.of(weights.head());
    }

    double[] logits(double[] hidden) {
        return head.apply(norm.apply(hidden), vocabulary());
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
        return norm.weight().length;
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
