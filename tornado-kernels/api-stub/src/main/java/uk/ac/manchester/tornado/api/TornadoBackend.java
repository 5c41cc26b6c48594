package uk.ac.manchester.tornado.api;

import uk.ac.manchester.tornado.api.common.TornadoDevice;

/** Signatures of one of TornadoVM's backends. */
public interface TornadoBackend {

    int getNumDevices();

    TornadoDevice getDevice(int index);

    String getName();
}
