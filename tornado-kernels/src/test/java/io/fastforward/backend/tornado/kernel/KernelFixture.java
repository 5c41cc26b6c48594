package io.fastforward.backend.tornado.kernel;

import io.fastforward.backend.tornado.device.DeviceMemory;
import io.fastforward.backend.tornado.device.Region;
import java.lang.foreign.ValueLayout;

/** A device with a stretch of its memory, in which tests lay out what their kernels read and write, one after the other. */
final class KernelFixture implements AutoCloseable {

    /** Numbers of the stretch. */
    static final int ELEMENTS = 1 << 18;

    private final KernelExecutor executor;
    private final DeviceMemory memory;
    private final Region region;

    KernelFixture(KernelExecutor executor) {
        this.executor = executor;
        this.memory = new DeviceMemory(executor);
        this.region = memory.take(1, ELEMENTS);
    }

    KernelExecutor executor() {
        return executor;
    }

    DeviceMemory memory() {
        return memory;
    }

    /** Where the stretch begins. */
    int start() {
        return region.start();
    }

    void write(float[] values) {
        memory.write(values, region.start());
    }

    float[] read(int count) {
        return read(region.start(), count);
    }

    /** Consecutive numbers from anywhere. */
    float[] read(int start, int count) {
        float[] values = new float[count];
        memory.read(start, count, 1, count, (row, segment, offset) -> {
            for (int i = 0; i < count; i++) {
                values[i] = segment.get(ValueLayout.JAVA_FLOAT, offset + (long) i * Float.BYTES);
            }
        });
        return values;
    }

    @Override
    public void close() {
        region.close();
        executor.close();
    }
}
