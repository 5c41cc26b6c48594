package io.fastforward.backend.tornado;

import io.fastforward.backend.tornado.device.DeviceMemory;
import io.fastforward.backend.tornado.device.Region;
import io.fastforward.backend.tornado.kernel.NormalizationKernel;
import io.fastforward.spi.model.NormWeights;
import io.fastforward.spi.model.Normalization;
import io.fastforward.spi.tensor.Matrix;
import org.jspecify.annotations.Nullable;

/** A normalisation whose weights are on the device. */
final class LoadedNormalization implements AutoCloseable {

    private final DeviceMemory memory;
    private final Normalization normalization;
    private final int width;
    private final Region weight;
    private final @Nullable Region bias;

    LoadedNormalization(DeviceMemory memory, Normalization normalization, NormWeights weights) {
        this.memory = memory;
        this.normalization = normalization;
        this.width = weights.weight().columns();
        this.weight = memory.vector(weights.weight(), 1);
        try {
            memory.write(new float[] {(float) normalization.epsilon()}, weight.start() + width);
            Matrix given = weights.bias();
            this.bias = given == null ? null : memory.vector(given, 0);
        } catch (Throwable e) {
            weight.close();
            throw e;
        }
    }

    /** Normalises rows without gaps between them, in place or to rows that may have gaps. */
    void apply(int rows, int x, int y, int yRow) {
        NormalizationKernel.launch(
                memory.executor(),
                new NormalizationKernel.Sizes(
                        rows,
                        width,
                        x,
                        width,
                        y,
                        yRow,
                        weight.start(),
                        bias == null ? -1 : bias.start(),
                        normalization.kind() == Normalization.Kind.LAYER));
    }

    @Override
    public void close() {
        weight.close();
        if (bias != null) {
            bias.close();
        }
    }
}
