package io.fastforward.backend.cpu;

import io.fastforward.spi.backend.KeyValueCache;

/** How many tokens a cache in host memory holds. */
abstract class HostKeyValueCache implements KeyValueCache {

    private final int units;
    private final int capacity;
    private int length;

    HostKeyValueCache(int units, int capacity) {
        this.units = units;
        this.capacity = capacity;
    }

    final int units() {
        return units;
    }

    /** Counts tokens whose keys and values are in. */
    final void advance(int tokens) {
        length += tokens;
    }

    @Override
    public final int capacity() {
        return capacity;
    }

    @Override
    public final int length() {
        return length;
    }

    @Override
    public void truncate(int tokens) {
        length = tokens;
    }
}
