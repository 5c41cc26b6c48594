package io.fastforward.backend.tornado;

import io.fastforward.backend.tornado.device.DeviceMemory;
import io.fastforward.backend.tornado.device.Region;
import io.fastforward.spi.backend.KeyValueCache;
import io.fastforward.spi.model.AttentionSpec;

/**
 * Keys, turned by their positions, and values, on the device, a row for each token and as the value map makes them.
 */
final class TornadoKeyValueCache implements KeyValueCache {

    private final TornadoModule module;
    private final int units;
    private final int capacity;
    private final Region keys;
    private final Region values;
    private int length;

    TornadoKeyValueCache(DeviceMemory memory, TornadoModule module, int units, int capacity) {
        this.module = module;
        this.units = units;
        this.capacity = capacity;
        int keyWidth = spec().groups(units) * spec().headSize();
        int valueWidth = spec().groups(units) * spec().valueSize(units);
        this.keys = memory.take(capacity, keyWidth);
        try {
            this.values = memory.take(capacity, valueWidth);
        } catch (Throwable e) {
            keys.close();
            throw e;
        }
    }

    TornadoModule module() {
        return module;
    }

    AttentionSpec spec() {
        return (AttentionSpec) module.spec();
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
        length = tokens;
    }

    @Override
    public void close() {
        keys.close();
        values.close();
    }
}
