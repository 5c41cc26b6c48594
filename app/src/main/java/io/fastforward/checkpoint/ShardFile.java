package io.fastforward.checkpoint;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A safetensors file that is being written under a temporary name. */
final class ShardFile {

    private static final int HEADER_ALIGNMENT = 8;

    private final Path path;
    private final Path temporary;
    private final byte[] header;
    private final Map<String, Long> offsets = new HashMap<>();
    private final long bytes;
    private @Nullable FileChannel channel;

    /** Lays the file out; nothing is written yet. */
    ShardFile(Path path, List<TensorPlan> tensors) {
        this.path = path;
        this.temporary = AtomicFile.temporaryName(path);
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.putObject("__metadata__").put("format", "pt"); // transformers refuses files that do not say so
        long end = 0;
        // The format allows no gaps, so wide numbers come first: then every tensor is aligned to its numbers.
        for (TensorPlan tensor : tensors.stream()
                .sorted(Comparator.comparingInt(tensor -> -tensor.type().bytes()))
                .toList()) {
            offsets.put(tensor.name(), end);
            ObjectNode entry = root.putObject(tensor.name());
            entry.put("dtype", tensor.type().name());
            tensor.shape().forEach(entry.putArray("shape")::add);
            entry.putArray("data_offsets").add(end).add(end += tensor.bytes());
        }
        this.header = header(root.toString());
        this.bytes = Math.addExact(header.length, end);
    }

    private static byte[] header(String json) {
        byte[] text = json.getBytes(StandardCharsets.UTF_8);
        int padded = Math.ceilDiv(text.length, HEADER_ALIGNMENT) * HEADER_ALIGNMENT;
        ByteBuffer header = ByteBuffer.allocate(Long.BYTES + padded).order(ByteOrder.LITTLE_ENDIAN);
        header.putLong(padded).put(text);
        while (header.hasRemaining()) {
            header.put((byte) ' ');
        }
        return header.array();
    }

    /** The name that it gets in the end. */
    Path path() {
        return path;
    }

    /** The size that it gets in the end. */
    long bytes() {
        return bytes;
    }

    /** Where a tensor begins, from the start of the file. */
    long offset(String tensor) {
        return header.length + Objects.requireNonNull(offsets.get(tensor));
    }

    /** Makes the file and writes its header. */
    void create() throws IOException {
        channel = FileChannel.open(temporary, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW);
        write(ByteBuffer.wrap(header), 0);
    }

    /** Writes all that remains in a buffer. */
    void write(ByteBuffer data, long position) throws IOException {
        FileChannel open = Objects.requireNonNull(channel);
        for (long at = position; data.hasRemaining(); ) {
            at += open.write(data, at);
        }
    }

    /** Forces it to disk and gives it its name. */
    void finish() throws IOException {
        FileChannel open = Objects.requireNonNull(channel);
        open.force(true);
        open.close();
        Files.move(temporary, path, StandardCopyOption.ATOMIC_MOVE);
    }

    /** Deletes it under either name. */
    void delete() throws IOException {
        if (channel != null) {
            channel.close();
            Files.deleteIfExists(temporary);
            Files.deleteIfExists(path);
        }
    }
}
