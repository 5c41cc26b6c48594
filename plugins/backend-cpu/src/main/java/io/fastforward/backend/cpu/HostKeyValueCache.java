package io.fastforward.backend.cpu;

import io.fastforward.spi.ComputeBackend.KeyValueCache;

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

    abstract void release();
}
