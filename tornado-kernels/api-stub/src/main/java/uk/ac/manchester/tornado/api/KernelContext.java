package uk.ac.manchester.tornado.api;

/**
 * Signatures of TornadoVM's kernel context. A kernel reads where it is from the fields; the compiler for a device
 * replaces them. In plain Java they are those of the first work-item.
 */
public class KernelContext {

    public final Integer globalIdx = 0;
    public final Integer globalIdy = 0;
    public final Integer groupIdx = 0;
    public final Integer localIdx = 0;

    public KernelContext() {}

    /** Waits for all work-items of the group. */
    public void localBarrier() {}

    /** Memory that the work-items of a group share. */
    public float[] allocateFloatLocalArray(int size) {
        return new float[size];
    }
}
