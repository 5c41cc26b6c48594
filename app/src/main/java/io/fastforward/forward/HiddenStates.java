package io.fastforward.forward;

import io.fastforward.spi.BatchShape;
import io.fastforward.spi.ComputeBackend;
import io.fastforward.spi.ComputeBackend.DeviceMatrix;
import io.fastforward.spi.tensor.Matrix;
import io.fastforward.tokenizer.TokenWindows;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * The hidden states of token windows on a device, in chunks of whole windows: a chunk is what a module processes at
 * once, so its size bounds the scratch memory for features.
 */
public final class HiddenStates implements AutoCloseable {

    /**
     * Rows of a chunk. Enough for every core to be busy, few enough that the features of a wide MLP (4096 × 11008 in
     * single precision: 180 MB) stay far below the weights.
     */
    static final int CHUNK_ROWS = 4096;

    /**
     * Consecutive windows on the device.
     *
     * @param firstWindow index of the first one
     * @param shape their number and length
     * @param hidden {@code rows × hidden}
     */
    public record Chunk(int firstWindow, BatchShape shape, DeviceMatrix hidden) {}

    private final List<Chunk> chunks;

    private HiddenStates(List<Chunk> chunks) {
        this.chunks = chunks;
    }

    /** Windows that one chunk holds. */
    public static int windowsPerChunk(int length) {
        return Math.max(1, CHUNK_ROWS / length);
    }

    /** The embeddings of windows. The caller closes the result. */
    public static HiddenStates embed(ComputeBackend backend, Matrix embedding, TokenWindows windows) {
        List<Chunk> chunks = new ArrayList<>();
        HiddenStates states = new HiddenStates(chunks);
        try {
            int perChunk = windowsPerChunk(windows.length());
            for (int first = 0; first < windows.count(); first += perChunk) {
                int count = Math.min(perChunk, windows.count() - first);
                BatchShape shape = new BatchShape(count, windows.length());
                DeviceMatrix hidden = backend.allocate(shape.rows(), embedding.columns());
                chunks.add(new Chunk(first, shape, hidden));
                try (Arena arena = Arena.ofShared()) {
                    backend.write(gather(embedding, windows, first, shape, arena), hidden, 0);
                }
            }
        } catch (Throwable e) {
            states.close();
            throw e;
        }
        return states;
    }

    /** The chunks in the order of the windows. */
    public List<Chunk> chunks() {
        return chunks;
    }

    /** Rows of the largest chunk. */
    public int chunkRows() {
        return chunks.getFirst().shape().rows();
    }

    @Override
    public void close() {
        chunks.forEach(chunk -> chunk.hidden().close());
    }

    private static Matrix gather(
            Matrix embedding, TokenWindows windows, int firstWindow, BatchShape shape, Arena arena) {
        Matrix gathered = Matrix.allocate(arena, embedding.type(), shape.rows(), embedding.columns());
        long rowBytes = (long) embedding.columns() * embedding.type().bytes();
        for (int row = 0; row < shape.rows(); row++) {
            int token = windows.token(firstWindow + row / shape.length(), row % shape.length());
            if (token < 0 || token >= embedding.rows()) {
                throw new IllegalArgumentException(
                        "token " + token + " is not in the vocabulary of " + embedding.rows() + " tokens");
            }
            MemorySegment.copy(
                    embedding.data(),
                    token * embedding.rowStride() * embedding.type().bytes(),
                    gathered.data(),
                    row * rowBytes,
                    rowBytes);
        }
        return gathered;
    }
}
