package io.fastforward.backend.tornado;

import io.fastforward.backend.tornado.device.Region;
import io.fastforward.spi.backend.DeviceMatrix;

/** A matrix in the memory of the device, rows without gaps. */
record TornadoMatrix(Region region, int rows, int columns) implements DeviceMatrix {

    int start() {
        return region.start();
    }

    @Override
    public void close() {
        region.close();
    }
}
