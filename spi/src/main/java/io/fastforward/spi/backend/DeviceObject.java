package io.fastforward.spi.backend;

/** Something that a backend handed out. It belongs to whoever asked for it, who closes it before the backend. */
public interface DeviceObject extends AutoCloseable {

    @Override
    void close();
}
