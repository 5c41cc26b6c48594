package io.fastforward.checkpoint;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Reason;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * Streams the weights of a checkpoint into a directory: {@code model.safetensors} if they fit into one shard, else
 * numbered shards and {@code model.safetensors.index.json}, as Hugging Face names them. Sizes and headers are known
 * before the first number is written, so only one chunk of a tensor is in memory at a time.
 *
 * <p>The files have temporary names until {@link #finish()}; {@link #close()} without it deletes them. Used by one
 * thread at a time.
 */
public final class CheckpointWriter implements AutoCloseable {

    private static final int CHUNK_BYTES = 1 << 20;

    private final Path directory;
    private final List<TensorPlan> plan;
    private final List<ShardFile> shards = new ArrayList<>();
    private final Map<String, ShardFile> shardOfTensor = new HashMap<>();
    private final Arena arena = Arena.ofShared();
    private final MemorySegment chunk = arena.allocate(CHUNK_BYTES, Float.BYTES);
    private int written;
    private boolean finished;

    private CheckpointWriter(Path directory, List<TensorPlan> plan, long shardBytes) {
        this.directory = directory;
        this.plan = List.copyOf(plan);
        List<List<TensorPlan>> groups = split(this.plan, shardBytes);
        for (int i = 0; i < groups.size(); i++) {
            String name = groups.size() == 1
                    ? Checkpoint.WEIGHTS
                    : String.format(Locale.ROOT, "model-%05d-of-%05d.safetensors", i + 1, groups.size());
            ShardFile shard = new ShardFile(directory.resolve(name), groups.get(i));
            shards.add(shard);
            groups.get(i).forEach(tensor -> shardOfTensor.put(tensor.name(), shard));
        }
    }

    /**
     * Begins a checkpoint.
     *
     * @param directory exists, and holds no weights yet
     * @param plan the tensors in the order in which they will be written
     * @param shardBytes how much tensor data a file may hold, at least 1; a larger tensor gets a file of its own
     * @throws Failure of kind {@link FailureKind#OUTPUT_NOT_EMPTY} if there are weights already,
     *     {@link FailureKind#STORAGE} if the files cannot be created
     */
    public static CheckpointWriter open(Path directory, List<TensorPlan> plan, long shardBytes) {
        if (shardBytes < 1) {
            throw new IllegalArgumentException("a shard must hold at least 1 byte, but got " + shardBytes);
        }
        Set<String> names = new HashSet<>();
        for (TensorPlan tensor : plan) {
            if (!names.add(tensor.name())) {
                throw new IllegalArgumentException("tensor '" + tensor.name() + "' is planned twice");
            }
        }
        CheckpointWriter writer = new CheckpointWriter(directory, plan, shardBytes);
        try {
            writer.createFiles();
            return writer;
        } catch (Throwable e) {
            writer.close();
            throw e;
        }
    }

    /**
     * Writes the next tensor of the plan, rounded to the planned data type.
     *
     * @param data {@code rows × columns} as planned, {@code 1 × n} for one dimension; any data type and row stride
     * @throws IllegalStateException if another tensor is next, the shape is another, or the writer is done
     * @throws Failure of kind {@link FailureKind#STORAGE} if the disk is full or fails
     */
    public void write(String name, Matrix data) {
        checkNotFinished();
        if (written == plan.size()) {
            throw new IllegalStateException("tensor '" + name + "' comes after all planned ones were written");
        }
        TensorPlan tensor = plan.get(written);
        if (!tensor.name().equals(name)) {
            throw new IllegalStateException("tensor '" + tensor.name() + "' is next, but got '" + name + "'");
        }
        if (!tensor.fits(data)) {
            throw new IllegalStateException("tensor '" + name + "' is planned as " + tensor.shape() + ", but got "
                    + data.rows() + " × " + data.columns());
        }
        ShardFile shard = shardOf(tensor);
        try {
            stream(data, tensor.type(), shard, shard.offset(name));
        } catch (IOException e) {
            throw StorageFailure.of(shard.path(), shard.bytes(), e);
        }
        written++;
    }

    /**
     * Forces everything to disk and gives the files their names.
     *
     * @throws IllegalStateException if a planned tensor was not written, or the writer is done
     * @throws Failure of kind {@link FailureKind#STORAGE} if the disk is full or fails
     */
    public void finish() {
        checkNotFinished();
        if (written < plan.size()) {
            throw new IllegalStateException(
                    "tensor '" + plan.get(written).name() + "' was not written, nor what comes after it");
        }
        for (ShardFile shard : shards) {
            try {
                shard.finish();
            } catch (IOException e) {
                throw StorageFailure.of(shard.path(), shard.bytes(), e);
            }
        }
        if (shards.size() > 1) {
            AtomicFile.write(directory.resolve(Checkpoint.INDEX), index());
        }
        try {
            AtomicFile.forceDirectory(directory);
        } catch (IOException e) {
            throw StorageFailure.of(directory, e);
        }
        finished = true;
    }

    /** Deletes what was written, unless it was finished. */
    @Override
    public void close() {
        if (!arena.scope().isAlive()) {
            return;
        }
        arena.close();
        if (finished) {
            return;
        }
        try {
            for (ShardFile shard : shards) {
                shard.delete();
            }
        } catch (IOException e) {
            throw FailureKind.STORAGE.failure(
                    "cannot delete unfinished files in '" + directory + "': " + Reason.of(e) + "; delete them by hand",
                    e);
        }
    }

    private static List<List<TensorPlan>> split(List<TensorPlan> plan, long shardBytes) {
        List<List<TensorPlan>> shards = new ArrayList<>();
        List<TensorPlan> shard = new ArrayList<>();
        long bytes = 0;
        for (TensorPlan tensor : plan) {
            if (!shard.isEmpty() && tensor.bytes() > shardBytes - bytes) {
                shards.add(shard);
                shard = new ArrayList<>();
                bytes = 0;
            }
            shard.add(tensor);
            bytes = Math.addExact(bytes, tensor.bytes());
        }
        shards.add(shard);
        return shards;
    }

    private void createFiles() {
        for (String name : List.of(Checkpoint.WEIGHTS, Checkpoint.INDEX)) {
            if (Files.exists(directory.resolve(name))) {
                throw FailureKind.OUTPUT_NOT_EMPTY.failure(
                        "'" + directory + "' already holds " + name + "; choose another output directory");
            }
        }
        for (ShardFile shard : shards) {
            try {
                shard.create();
            } catch (IOException e) {
                throw StorageFailure.of(shard.path(), shard.bytes(), e);
            }
        }
    }

    private void checkNotFinished() {
        if (finished || !arena.scope().isAlive()) {
            throw new IllegalStateException("the checkpoint in '" + directory + "' is finished or closed");
        }
    }

    private ShardFile shardOf(TensorPlan tensor) {
        return Objects.requireNonNull(shardOfTensor.get(tensor.name()));
    }

    private byte[] index() {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.putObject("metadata")
                .put("total_size", plan.stream().mapToLong(TensorPlan::bytes).sum());
        ObjectNode weightMap = root.putObject("weight_map");
        for (TensorPlan tensor : plan) {
            weightMap.put(tensor.name(), String.valueOf(shardOf(tensor).path().getFileName()));
        }
        return root.toPrettyString().getBytes(StandardCharsets.UTF_8);
    }

    /** Gathers rows in the chunk, whatever their stride, and writes the chunk whenever it is full. */
    private void stream(Matrix data, DataType type, ShardFile shard, long start) throws IOException {
        int capacity = CHUNK_BYTES / type.bytes();
        long position = start;
        int filled = 0;
        for (int row = 0; row < data.rows(); row++) {
            int column = 0;
            while (column < data.columns()) {
                int count = Math.min(data.columns() - column, capacity - filled);
                convert(data, row, column, count, type, filled);
                filled += count;
                column += count;
                if (filled == capacity) {
                    position = flush(shard, position, filled * type.bytes());
                    filled = 0;
                }
            }
        }
        flush(shard, position, filled * type.bytes());
    }

    private void convert(Matrix data, int row, int firstColumn, int count, DataType type, int filled) {
        DataType stored = data.type();
        long source = (row * data.rowStride() + firstColumn) * stored.bytes();
        long target = (long) filled * type.bytes();
        if (stored == type) {
            MemorySegment.copy(data.data(), source, chunk, target, (long) count * type.bytes());
            return;
        }
        for (int i = 0; i < count; i++) {
            type.set(
                    chunk,
                    target + (long) i * type.bytes(),
                    stored.get(data.data(), source + (long) i * stored.bytes()));
        }
    }

    private long flush(ShardFile shard, long position, int bytes) throws IOException {
        shard.write(chunk.asSlice(0, bytes).asByteBuffer(), position);
        return position + bytes;
    }
}
