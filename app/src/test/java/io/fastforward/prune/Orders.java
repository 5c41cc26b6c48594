package io.fastforward.prune;

import io.fastforward.nested.NestedOrder;
import io.fastforward.spi.model.ModelSpec;
import java.util.Random;

/** Orders of units. */
final class Orders {

    private Orders() {}

    /** The checkpoint's own. */
    static NestedOrder asStored(ModelSpec spec) {
        return NestedOrder.ofSource(spec);
    }

    static NestedOrder random(ModelSpec spec, long seed) {
        Random random = new Random(seed);
        return NestedOrder.byDescendingScore(
                spec,
                spec.modules().stream()
                        .map(module -> random.doubles(module.parts()).toArray())
                        .toList());
    }
}
