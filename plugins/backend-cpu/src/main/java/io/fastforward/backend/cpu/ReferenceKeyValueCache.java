package io.fastforward.backend.cpu;

import java.util.ArrayList;
import java.util.List;

/** Keys and values on the heap, in double precision. */
final class ReferenceKeyValueCache extends HostKeyValueCache {

    private final List<double[]> keys = new ArrayList<>();
    private final List<double[]> values = new ArrayList<>();

    ReferenceKeyValueCache(HostBackend owner, HostModule module, int units, int capacity) {
        super(owner, module, units, capacity);
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
    void forgetAfter(int tokens) {
        keys.subList(tokens, keys.size()).clear();
        values.subList(tokens, values.size()).clear();
    }

    @Override
    void release() {
        keys.clear();
        values.clear();
    }
}
