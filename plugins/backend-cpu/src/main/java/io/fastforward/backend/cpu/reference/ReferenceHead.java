package io.fastforward.backend.cpu.reference;

import io.fastforward.spi.backend.LoadedHead;
import io.fastforward.spi.model.HeadWeights;
import org.jspecify.annotations.Nullable;

/** A head on the heap. */
final class ReferenceHead implements LoadedHead {

    private final @Nullable ReferenceNorm norm;
    private final ReferenceMap head;

    ReferenceHead(HeadWeights weights) {
        this.norm = weights.normalization() == null || weights.norm() == null
                ? null
                : ReferenceNorm.of(weights.normalization(), weights.norm());
        this.head = ReferenceMap.of(weights.head());
    }

    double[] logits(double[] hidden) {
        return head.apply(norm == null ? hidden : norm.apply(hidden), vocabulary());
    }

    @Override
    public int vocabulary() {
        return head.weight().length;
    }

    @Override
    public void close() {}
}
