package io.fastforward.backend.cpu;

import java.util.ArrayList;
import java.util.List;

/** Keys and values on the heap, in double precision. */
final class ReferenceKeyValueCache extends HostKeyValueCache {

    private final ReferenceModule module;
    private final List<double[]> keys = new ArrayList<>();
    private final List<double[]> values = new ArrayList<>();

    ReferenceKeyValueCache(ReferenceModule module, int units, int capacity) {
        super(units, capacity);
        this.module = module;
    }

    ReferenceModule module() {
        return module;
    }

    /** Adds those of one token, all KV groups one after the other. */
    void append(double[] key, double[] value) {
        keys.add(key);
        values.add(value);
        advance(1);
    }

    List<double[]> keys() {
        return keys;
    }

    List<double[]> values() {
        return values;
    }

    @Override
    public void truncate(int tokens) {
        super.truncate(tokens);
        keys.subList(tokens, keys.size()).clear();
        values.subList(tokens, values.size()).clear();
    }

    @Override
    public void close() {}
}
