package uk.ac.manchester.tornado.api;

/** What the stub says where only the real API can do something. Not part of that API. */
final class TornadoNativeApi {

    static final String ABSENT = "this is a stub of TornadoVM's API to compile against; start with a TornadoVM SDK";

    private TornadoNativeApi() {}
}
