package io.fastforward.forward;

import io.fastforward.spi.model.WeightSource;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Reads the mapped weights of a layer from disk, on a thread of its own, while the layer before it computes. Nothing depends on
 * it but the time that the disk takes.
 */
public final class PageReadAhead implements AutoCloseable {

    private static final int NOTHING = -1;

    /** What is read between two looks at whether it is still wanted. */
    private static final long PIECE = 4 << 20;

    private final int layers;
    private final WeightSource weights;
    private final ExecutorService reader = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("page-read-ahead").factory());
    private volatile int wanted = NOTHING;

    /**
     * Nothing is read yet.
     *
     * @param layers how many there are
     * @param weights stay open until this is closed
     */
    public PageReadAhead(int layers, WeightSource weights) {
        this.layers = layers;
        this.weights = weights;
    }

    /** Begins to read a layer, if there is one of that number, instead of whatever was to be read before. */
    public void begin(int layer) {
        List<MemorySegment> mapped = layer < layers ? weights.mapped(layer) : List.of();
        wanted = layer;
        if (!mapped.isEmpty()) {
            reader.execute(() -> read(layer, mapped));
        }
    }

    private void read(int layer, List<MemorySegment> mapped) {
        try {
            for (MemorySegment segment : mapped) {
                for (long done = 0; done < segment.byteSize() && wanted == layer; done += PIECE) {
                    MemorySegment piece = segment.asSlice(done, Math.min(PIECE, segment.byteSize() - done));
                    if (piece.isMapped()) {
                        piece.load();
                    }
                }
            }
        } catch (RuntimeException | InternalError _) {
            // A disk that fails does so again where the weights are used, and is told of there.
        }
    }

    /** Waits until nothing is read any more, which is soon. */
    @Override
    public void close() {
        wanted = NOTHING;
        reader.close();
    }
}
