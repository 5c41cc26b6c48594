package uk.ac.manchester.tornado.api;

/** Signatures of TornadoVM's finished task graph. */
public class ImmutableTaskGraph {

    ImmutableTaskGraph() {}
}
