package io.fastforward.prune;

import io.fastforward.model.ModelSpec;
import io.fastforward.spi.model.ModuleSpec;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/** Orders of units. */
final class Orders {

    private Orders() {}

    /** The checkpoint's own. */
    static NestedOrder asStored(ModelSpec spec) {
        return NestedOrder.ofSource(spec);
    }

    static NestedOrder random(ModelSpec spec, long seed) {
        Random random = new Random(seed);
        List<List<Integer>> modules = new ArrayList<>();
        for (ModuleSpec module : spec.modules()) {
            List<Integer> units = new ArrayList<>(units(module));
            Collections.shuffle(units, random);
            modules.add(units);
        }
        return new NestedOrder(modules);
    }

    private static List<Integer> units(ModuleSpec module) {
        return IntStream.range(0, module.units()).boxed().toList();
    }
}
