package uk.ac.manchester.tornado.api;

/** Signatures of TornadoVM's runtime. */
public interface TornadoRuntime {

    int getNumBackends();

    TornadoBackend getBackend(int index);
}
