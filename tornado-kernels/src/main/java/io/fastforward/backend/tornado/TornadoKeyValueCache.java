package io.fastforward.backend.tornado;

import io.fastforward.spi.backend.KeyValueCache;

/** Keys, turned by their positions, and values, on the device: {@code capacity × width} each. */
final class TornadoKeyValueCache implements OwnedObject, KeyValueCache {

    private final TornadoModule module;
    private final int units;
    private final int capacity;
    private final Region keys;
    private final Region values;
    private int length;

    TornadoKeyValueCache(TornadoModule module, int units, int capacity, Region keys, Region values) {
        this.module = module;
        this.units = units;
        this.capacity = capacity;
        this.keys = keys;
        this.values = values;
    }

    TornadoModule module() {
        return module;
    }

    int units() {
        return units;
    }

    Region keys() {
        return keys;
    }

    Region values() {
        return values;
    }

    /** Counts tokens whose keys and values are in. */
    void advance(int tokens) {
        length += tokens;
    }

    @Override
    public int capacity() {
        return capacity;
    }

    @Override
    public int length() {
        return length;
    }

    @Override
    public void truncate(int tokens) {
        if (tokens < 0 || tokens > length) {
            throw new IllegalArgumentException("a cache of " + length + " tokens cannot be cut down to " + tokens);
        }
        length = tokens;
    }

    @Override
    public TornadoBackend owner() {
        return module.owner();
    }

    @Override
    public boolean isOpen() {
        return keys.isOpen();
    }

    @Override
    public void close() {
        keys.close();
        values.close();
    }
}
