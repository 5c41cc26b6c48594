package io.fastforward.backend.tornado.device;

/** A range of the device's memory that is in use until it is closed. */
public final class Region implements AutoCloseable {

    private final MemoryPool pool;
    private final int start;
    private final long elements;
    private boolean open = true;

    Region(MemoryPool pool, int start, long elements) {
        this.pool = pool;
        this.start = start;
        this.elements = elements;
    }

    /** The first element. */
    public int start() {
        return start;
    }

    @Override
    public void close() {
        if (open) {
            open = false;
            pool.giveBack(start, elements);
        }
    }
}
