package io.fastforward.gguf;

import static java.util.Objects.requireNonNull;

import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntUnaryOperator;

/**
 * A GGUF file that is being written, under a temporary name until all of its tensors are there. Needs memory for its
 * header and for some rows of a tensor.
 */
final class TensorFile implements AutoCloseable {

    /** About as much is written at once: more gains nothing, and one row can be longer. */
    private static final int CHUNK_BYTES = 1 << 20;

    private final Path path;
    private final Path temporary;
    private final FileHeader header;
    private final Map<String, TensorPlan> plans = new HashMap<>();
    private final Set<String> written = new HashSet<>();
    private final FileChannel channel;

    /**
     * Makes the file and writes its header.
     *
     * @throws UncheckedIOException if it cannot be written
     */
    TensorFile(Path path, Map<String, MetadataValue> metadata, List<TensorPlan> tensors) {
        this.path = path;
        this.temporary = path.resolveSibling(path.getFileName() + ".partial");
        this.header = FileHeader.of(metadata, tensors);
        tensors.forEach(tensor -> plans.put(tensor.name(), tensor));
        try {
            channel = FileChannel.open(temporary, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        try {
            write(ByteBuffer.wrap(header.bytes()), 0);
        } catch (Throwable e) {
            close();
            throw e;
        }
    }

    /** Writes a tensor, rounded to its type. */
    void write(String name, Matrix matrix) {
        write(name, matrix, IntUnaryOperator.identity());
    }

    /**
     * Writes a tensor whose rows are those of a matrix in another order.
     *
     * @param source which row of the matrix a row of the tensor is
     * @throws IllegalArgumentException if it is none of the tensors that were announced, or of another shape, or was written
     *     before, or holds a number that its type cannot hold
     * @throws UncheckedIOException if the file cannot be written
     */
    void write(String name, Matrix matrix, IntUnaryOperator source) {
        TensorPlan plan = plans.get(name);
        if (plan == null || matrix.rows() != plan.rows() || matrix.columns() != plan.columns()) {
            throw new IllegalArgumentException(name + " of " + matrix.rows() + " × " + matrix.columns()
                    + " does not fit what was announced: " + plan);
        }
        if (!written.add(name)) {
            throw new IllegalArgumentException(name + " was written twice");
        }
        long rowBytes = plan.type().rowBytes(plan.columns());
        int rowsAtOnce = Math.clamp(CHUNK_BYTES / rowBytes, 1, plan.rows());
        long position = requireNonNull(header.offsets().get(name));
        try (Arena arena = Arena.ofConfined()) {
            ByteBuffer chunk =
                    arena.allocate(rowBytes * rowsAtOnce).asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
            for (int row = 0; row < plan.rows(); row += rowsAtOnce) {
                chunk.clear();
                for (int i = row; i < Math.min(plan.rows(), row + rowsAtOnce); i++) {
                    put(matrix.rowRange(source.applyAsInt(i), 1), plan.type(), chunk);
                }
                chunk.flip();
                position += write(chunk, position);
            }
            write(ByteBuffer.allocate((int) (FileHeader.aligned(position) - position)), position);
        }
    }

    private static void put(Matrix row, TensorType type, ByteBuffer target) {
        if (type == TensorType.Q8_0) {
            for (int column = 0; column < row.columns(); column += QuantizedBlock.SIZE) {
                QuantizedBlock.put(row, 0, column, target);
            }
            return;
        }
        DataType plain = type.plain().orElseThrow();
        int bytes = Math.toIntExact(type.rowBytes(row.columns()));
        ByteBuffer place = target.slice(target.position(), bytes);
        row.copyTo(new Matrix(MemorySegment.ofBuffer(place), plain, 1, row.columns(), row.columns()));
        target.position(target.position() + bytes);
    }

    private long write(ByteBuffer data, long position) {
        long at = position;
        try {
            while (data.hasRemaining()) {
                at += channel.write(data, at);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return at - position;
    }

    /**
     * Forces the file to disk and gives it its name.
     *
     * @throws IllegalStateException if a tensor was not written, or the file has not the size that it should have
     * @throws UncheckedIOException if the disk fails
     */
    void finish() {
        Set<String> missing = new HashSet<>(plans.keySet());
        missing.removeAll(written);
        if (!missing.isEmpty()) {
            throw new IllegalStateException("tensors were announced and not written: " + missing);
        }
        try {
            if (channel.size() != header.fileBytes()) {
                throw new IllegalStateException(
                        path + " has " + channel.size() + " bytes instead of " + header.fileBytes());
            }
            channel.force(true);
            channel.close();
            Files.move(temporary, path, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Deletes what was not finished. */
    @Override
    public void close() {
        try {
            channel.close();
            Files.deleteIfExists(temporary);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
