package uk.ac.manchester.tornado.api;

/** Signatures of a device as its driver sees it. */
public interface TornadoTargetDevice {

    String getDeviceName();

    long getDeviceMaxAllocationSize();
}
