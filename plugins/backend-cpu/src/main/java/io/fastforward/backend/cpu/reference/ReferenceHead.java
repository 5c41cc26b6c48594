package io.fastforward.backend.cpu.reference;

import io.fastforward.spi.backend.LoadedHead;
import io.fastforward.spi.model.HeadWeights;
import org.jspecify.annotations.Nullable;

/**
 * A head on the heap.
 *
 * @param norm the final normalisation, or null
 * @param head the map to logits
 */
record ReferenceHead(@Nullable ReferenceNorm norm, ReferenceMap head) implements LoadedHead {

    static ReferenceHead of(HeadWeights weights) {
        ReferenceNorm norm = weights.normalization() == null || weights.norm() == null
                ? null
                : ReferenceNorm.of(weights.normalization(), weights.norm());
        return new ReferenceHead(norm, ReferenceMap.of(weights.head()));
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
