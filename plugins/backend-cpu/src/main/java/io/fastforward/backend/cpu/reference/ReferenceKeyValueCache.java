package io.fastforward.backend.cpu.reference;

import io.fastforward.spi.backend.KeyValueCache;
import java.util.ArrayList;
import java.util.List;

/** Keys and values on the heap, in double precision. */
final class ReferenceKeyValueCache implements KeyValueCache {

    private final ReferenceModule module;
    private final int units;
    private final int capacity;
    private final List<double[]> keys = new ArrayList<>();
    private final List<double[]> values = new ArrayList<>();

    ReferenceKeyValueCache(ReferenceModule module, int units, int capacity) {
        this.module = module;
        this.units = units;
        this.capacity = capacity;
    }

    ReferenceModule module() {
        return module;
    }

    int units() {
        return units;
    }

    /** Adds those of one token, all KV groups one after the other. */
    void append(double[] key, double[] value) {
        keys.add(key);
        values.add(value);
    }

    List<double[]> keys() {
        return keys;
    }

    List<double[]> values() {
        return values;
    }

    @Override
    public int capacity() {
        return capacity;
    }

    @Override
    public int length() {
        return keys.size();
    }

    @Override
    public void truncate(int tokens) {
        keys.subList(tokens, keys.size()).clear();
        values.subList(tokens, values.size()).clear();
    }

    @Override
    public void close() {}
}
