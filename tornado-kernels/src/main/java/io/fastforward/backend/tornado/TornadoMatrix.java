package io.fastforward.backend.tornado;

import io.fastforward.spi.backend.DeviceMatrix;

/** A matrix in the memory of the device, rows without gaps. */
record TornadoMatrix(TornadoBackend owner, Region region, int rows, int columns) implements OwnedObject, DeviceMatrix {

    int start() {
        return region.start();
    }

    @Override
    public boolean isOpen() {
        return region.isOpen();
    }

    @Override
    public void close() {
        region.close();
    }
}
