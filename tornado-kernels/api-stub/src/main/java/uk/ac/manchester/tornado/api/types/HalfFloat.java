package uk.ac.manchester.tornado.api.types;

/** Signatures of TornadoVM's 16-bit number. Kernels know it as the type of what tensor cores hold. */
public class HalfFloat {

    public HalfFloat(short halfFloat) {}
}
