package io.fastforward.backend.tornado.kernel;

import java.lang.reflect.Field;
import uk.ac.manchester.tornado.api.KernelContext;

/**
 * A work-item in plain Java. Kernels read fields that their type declares final, because a compiler replaces them; here
 * they are set through reflection.
 */
class WorkItem extends KernelContext {

    private static final Field GLOBAL_X = field("globalIdx");
    private static final Field GLOBAL_Y = field("globalIdy");
    private static final Field GROUP_X = field("groupIdx");
    private static final Field LOCAL_X = field("localIdx");

    /** Moves it to another place. */
    final void place(int globalX, int globalY, int groupSize) {
        set(GLOBAL_X, globalX);
        set(GLOBAL_Y, globalY);
        set(GROUP_X, globalX / groupSize);
        set(LOCAL_X, globalX % groupSize);
    }

    @Override
    public void localBarrier() {
        throw new IllegalStateException("this kernel runs without barriers");
    }

    @Override
    public float[] allocateFloatLocalArray(int size) {
        throw new IllegalStateException("this kernel runs without local memory");
    }

    @Override
    public int[] allocateIntLocalArray(int size) {
        throw new IllegalStateException("this kernel runs without local memory");
    }

    private void set(Field field, int value) {
        try {
            field.set(this, value);
        } catch (IllegalAccessException e) {
            throw new AssertionError(e);
        }
    }

    private static Field field(String name) {
        try {
            Field field = KernelContext.class.getField(name);
            field.setAccessible(true);
            return field;
        } catch (NoSuchFieldException e) {
            throw new AssertionError(e);
        }
    }
}
