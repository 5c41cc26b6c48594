package io.fastforward.backend.cpu;

import io.fastforward.spi.backend.KeyValueCache;

/** What caches in host memory share: whose they are, and how many tokens they hold. */
abstract class HostKeyValueCache implements HostObject, KeyValueCache {

    private final HostBackend owner;
    private final HostModule module;
    private final int units;
    private final int capacity;
    private int length;
    private boolean open = true;

    HostKeyValueCache(HostBackend owner, HostModule module, int units, int capacity) {
        this.owner = owner;
        this.module = module;
        this.units = units;
        this.capacity = capacity;
    }

    final HostModule module() {
        return module;
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
    public final void truncate(int tokens) {
        if (tokens < 0 || tokens > length) {
            throw new IllegalArgumentException("a cache of " + length + " tokens cannot be cut down to " + tokens);
        }
        length = tokens;
        forgetAfter(tokens);
    }

    @Override
    public final HostBackend owner() {
        return owner;
    }

    @Override
    public final boolean isOpen() {
        return open;
    }

    @Override
    public final void close() {
        if (open) {
            open = false;
            release();
        }
    }

    /** Drops what belongs to later tokens, if that is not overwritten anyway. */
    void forgetAfter(int tokens) {}

    abstract void release();
}
