package io.fastforward.forward;

import io.fastforward.spi.backend.BatchShape;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.DeviceMatrix;
import io.fastforward.spi.backend.HostMemory;
import io.fastforward.spi.model.ModelEnds;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import io.fastforward.tokenizer.TokenWindows;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
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

    /** Bytes of what is read at once for a file: some rows. */
    private static final long PIECE = 16 << 20;

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

    /**
     * The embeddings of windows. The caller closes the result.
     *
     * @param windows of at most as many tokens as the model has positions, and one whose likelihood alone counts
     */
    public static HiddenStates embed(ComputeBackend backend, ModelEnds ends, TokenWindows windows) {
        return embed(backend, ends, windows, HostMemory.ANONYMOUS);
    }

    /** The same, in some memory if they are in memory of the host. */
    static HiddenStates embed(ComputeBackend backend, ModelEnds ends, TokenWindows windows, HostMemory memory) {
        List<Chunk> chunks = new ArrayList<>();
        HiddenStates states = new HiddenStates(chunks);
        try (TokenEmbedding embedding = new TokenEmbedding(backend, ends)) {
            int perChunk = windowsPerChunk(windows.length());
            int last = lastPosition(ends, windows.length());
            for (int first = 0; first < windows.count(); first += perChunk) {
                int count = Math.min(perChunk, windows.count() - first);
                BatchShape shape = new BatchShape(count, windows.length());
                DeviceMatrix hidden = backend.allocate(shape.rows(), embedding.hiddenSize(), memory);
                chunks.add(new Chunk(first, shape, hidden));
                embedding.write(tokens(windows, first, shape), row -> Math.min(row % windows.length(), last), hidden);
            }
        } catch (Throwable e) {
            states.close();
            throw e;
        }
        return states;
    }

    /**
     * Nobody asks what follows the last token of a window, so there may be one token more than learned positions, and
     * that one takes any of them.
     */
    private static int lastPosition(ModelEnds ends, int length) {
        Matrix learned = ends.positions();
        return learned != null && length == learned.rows() + 1 ? learned.rows() - 1 : length - 1;
    }

    private static int[] tokens(TokenWindows windows, int firstWindow, BatchShape shape) {
        int[] tokens = new int[shape.rows()];
        Arrays.setAll(tokens, row -> windows.token(firstWindow + row / shape.length(), row % shape.length()));
        return tokens;
    }

    /** A copy, by way of the host. The caller closes it. */
    public HiddenStates copy(ComputeBackend backend) {
        return copy(backend, HostMemory.ANONYMOUS);
    }

    /** The same, in some memory if it is in memory of the host. */
    HiddenStates copy(ComputeBackend backend, HostMemory memory) {
        List<Chunk> copies = new ArrayList<>();
        HiddenStates copy = new HiddenStates(copies);
        try (Arena scratch = Arena.ofShared()) {
            int columns = chunks.getFirst().hidden().columns();
            Matrix rows = Matrix.allocate(scratch, DataType.F32, chunkRows(), columns);
            for (Chunk chunk : chunks) {
                int count = chunk.shape().rows();
                DeviceMatrix hidden = backend.allocate(count, columns, memory);
                copies.add(new Chunk(chunk.firstWindow(), chunk.shape(), hidden));
                backend.read(chunk.hidden(), 0, rows.leadingRows(count));
                backend.write(rows.leadingRows(count), hidden, 0);
            }
        } catch (Throwable e) {
            copy.close();
            throw e;
        }
        return copy;
    }

    /**
     * All hidden states in the order of the windows, some rows at a time, F32; each is valid until the next one.
     *
     * @param arena owns the memory of the rows
     */
    Iterable<Matrix> rows(ComputeBackend backend, Arena arena) {
        int columns = chunks.getFirst().hidden().columns();
        int atOnce = Math.clamp(PIECE / ((long) columns * Float.BYTES), 1, chunkRows());
        Matrix buffer = Matrix.allocate(arena, DataType.F32, atOnce, columns);
        List<Piece> pieces = new ArrayList<>();
        for (Chunk chunk : chunks) {
            for (int first = 0; first < chunk.shape().rows(); first += atOnce) {
                pieces.add(new Piece(
                        chunk.hidden(), first, Math.min(atOnce, chunk.shape().rows() - first)));
            }
        }
        return () -> pieces.stream()
                .map(piece -> {
                    Matrix rows = buffer.leadingRows(piece.count());
                    backend.read(piece.hidden(), piece.first(), rows);
                    return rows;
                })
                .iterator();
    }

    /** Rows of a chunk. */
    private record Piece(DeviceMatrix hidden, int first, int count) {}

    /**
     * Replaces all hidden states.
     *
     * @param rows F32, those of all windows in their order
     */
    void write(ComputeBackend backend, Matrix rows) {
        int first = 0;
        for (Chunk chunk : chunks) {
            int count = chunk.shape().rows();
            backend.write(rows.rowRange(first, count), chunk.hidden(), 0);
            first += count;
        }
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
}
