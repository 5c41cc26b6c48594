package io.fastforward.backend.cpu.reference;

import io.fastforward.spi.backend.KeyValueCache;
import java.util.ArrayList;
import java.util.List;

/**
 * Keys and values on the heap, in double precision: for each token those of all KV groups, one after the other.
 *
 * @param module the attention module
 * @param units how many of its leading units are active
 * @param capacity most tokens
 * @param keys one array a token
 * @param values one array a token
 */
record ReferenceKeyValueCache(
        ReferenceModule module, int units, int capacity, List<double[]> keys, List<double[]> values)
        implements KeyValueCache {

    ReferenceKeyValueCache(ReferenceModule module, int units, int capacity) {
        this(module, units, capacity, new ArrayList<>(), new ArrayList<>());
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
