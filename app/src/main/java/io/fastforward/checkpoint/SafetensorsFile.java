package io.fastforward.checkpoint;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.OneLine;
import io.fastforward.spi.tensor.DataType;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** One safetensors file, mapped; its header is checked and none of its data was touched. */
final class SafetensorsFile {

    private final Path path;
    private final MemorySegment data;
    private final Map<String, SafetensorsHeader.Entry> entries = new LinkedHashMap<>();

    /**
     * Checks the header of a file that is in memory.
     *
     * @param path its name, for error messages
     * @param file all of its bytes
     * @throws Failure of kind {@link FailureKind#BAD_CHECKPOINT} if it is damaged
     */
    SafetensorsFile(Path path, MemorySegment file) {
        this.path = path;
        refuseForeign(path, file);
        SafetensorsHeader header = SafetensorsHeader.parse(path.toString(), file);
        this.data = file.asSlice(header.dataOffset());
        for (SafetensorsHeader.Entry entry : header.entries()) {
            entries.put(entry.name(), entry);
        }
    }

    /**
     * Maps a file.
     *
     * @param arena owns the mapping
     * @throws Failure if the file is missing or damaged
     */
    static SafetensorsFile map(Path path, Arena arena) {
        if (!Files.isRegularFile(path)) {
            throw FailureKind.NOT_FOUND.failure("'" + path + "' does not exist or is not a file");
        }
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            return new SafetensorsFile(path, channel.map(MapMode.READ_ONLY, 0, channel.size(), arena));
        } catch (IOException e) {
            throw ReadFailure.of(path, e);
        }
    }

    Path path() {
        return path;
    }

    /** A header begins with a brace, after the 8 bytes of its length; what does not may be something else altogether. */
    private static void refuseForeign(Path path, MemorySegment file) {
        if (file.byteSize() > Long.BYTES && file.get(ValueLayout.JAVA_BYTE, Long.BYTES) == '{') {
            return;
        }
        byte[] start = file.asSlice(0, Math.min(file.byteSize(), ForeignContents.LOOKED_AT))
                .toArray(ValueLayout.JAVA_BYTE);
        ForeignContents.of(start).ifPresent(foreign -> {
            throw foreign.failure(path, "a safetensors file");
        });
    }

    /** The names of its tensors, in the order of their data. */
    List<String> names() {
        return List.copyOf(entries.keySet());
    }

    boolean contains(String name) {
        return entries.containsKey(name);
    }

    /** The type of a tensor that it has, readable or not. */
    StoredType type(String name) {
        return Objects.requireNonNull(entries.get(name)).type();
    }

    /** Bytes of all tensors, readable or not. */
    long dataBytes() {
        return data.byteSize();
    }

    /**
     * One tensor.
     *
     * @throws IllegalArgumentException if there is none of that name
     * @throws Failure of kind {@link FailureKind#UNSUPPORTED_MODEL} if its type is not one that FastForward reads
     */
    StoredTensor tensor(String name) {
        SafetensorsHeader.Entry entry = entries.get(name);
        if (entry == null) {
            throw new IllegalArgumentException("no tensor '" + name + "' in '" + path + "'");
        }
        DataType type = entry.type().readable();
        if (type == null) {
            throw FailureKind.UNSUPPORTED_MODEL.failure(
                    "tensor '" + OneLine.of(name) + "' of '" + path + "' is stored as " + entry.type()
                            + ", but FastForward reads F32, F16 and BF16; convert the checkpoint to one of them");
        }
        return new StoredTensor(name, type, entry.shape(), data.asSlice(entry.begin(), entry.end() - entry.begin()));
    }
}
