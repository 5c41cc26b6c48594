package io.fastforward.gguf;

import io.fastforward.spi.tensor.Matrix;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * A GGUF file that is mapped into memory: of the types of metadata those that we write, and every number in it checked
 * against the size of the file.
 *
 * @param metadata by key
 * @param tensors by name, with where they are
 * @param bytes the whole file; lives as long as the arena that it was opened with
 */
record StoredFile(Map<String, MetadataValue> metadata, Map<String, Place> tensors, MemorySegment bytes) {

    /**
     * Where a tensor is.
     *
     * @param plan its name, type and shape
     * @param offset of its first byte, from the start of the file
     */
    record Place(TensorPlan plan, long offset) {}

    /**
     * Maps a file.
     *
     * @param arena keeps it mapped
     * @throws IllegalArgumentException if it is no such file, or is damaged
     * @throws UncheckedIOException if it cannot be read
     */
    static StoredFile open(Path path, Arena arena) {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            MemorySegment bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            return new Input(bytes).file();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (IndexOutOfBoundsException e) {
            throw new IllegalArgumentException(path + " ends before it is complete", e);
        }
    }

    /** What a key says, if it is of some type. */
    <T extends MetadataValue> T value(String key, Class<T> type) {
        MetadataValue value = metadata.get(key);
        if (!type.isInstance(value)) {
            throw new IllegalArgumentException(
                    "the key " + key + " should be a " + type.getSimpleName() + ", but is " + value);
        }
        return type.cast(value);
    }

    /** A tensor of plain numbers, in the mapped memory. */
    Matrix matrix(String name) {
        Place place = tensors.get(name);
        if (place == null) {
            throw new IllegalArgumentException("there is no tensor " + name);
        }
        TensorPlan plan = place.plan();
        return new Matrix(
                bytes.asSlice(place.offset(), plan.bytes()),
                plan.type()
                        .plain()
                        .orElseThrow(() -> new IllegalArgumentException(name + " is quantised: " + plan.type())),
                plan.rows(),
                plan.columns(),
                plan.columns());
    }

    /** Reads from the beginning on. */
    private static final class Input {

        private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
        private static final ValueLayout.OfLong LONG =
                ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

        private final MemorySegment bytes;
        private long at;

        Input(MemorySegment bytes) {
            this.bytes = bytes;
        }

        StoredFile file() {
            require(int32() == FileHeader.MAGIC, "it does not begin as a GGUF file does");
            int version = int32();
            require(version == FileHeader.VERSION, "its version is " + version + ", expected " + FileHeader.VERSION);
            int tensors = count(Long.BYTES);
            int values = count(Long.BYTES);
            Map<String, MetadataValue> metadata = new LinkedHashMap<>();
            for (int i = 0; i < values; i++) {
                String key = text();
                require(metadata.put(key, value()) == null, "it has the key " + key + " twice");
            }
            return new StoredFile(metadata, tensors(tensors), bytes);
        }

        private Map<String, Place> tensors(int count) {
            Map<String, Place> relative = new LinkedHashMap<>();
            for (int i = 0; i < count; i++) {
                String name = text();
                int dimensions = int32();
                require(dimensions == 1 || dimensions == 2, name + " has " + dimensions + " dimensions");
                int columns = dimension(name);
                int rows = dimensions == 2 ? dimension(name) : 1;
                int code = int32();
                TensorType type = TensorType.withCode(code)
                        .orElseThrow(() -> new IllegalArgumentException(name + " is of the type " + code));
                TensorPlan plan = new TensorPlan(name, type, rows, columns, dimensions == 1);
                require(relative.put(name, new Place(plan, int64())) == null, "it has the tensor " + name + " twice");
            }
            long data = FileHeader.aligned(at);
            Map<String, Place> places = new LinkedHashMap<>();
            relative.forEach((name, place) -> {
                long size = place.plan().bytes();
                require(
                        place.offset() >= 0
                                && place.offset() % FileHeader.ALIGNMENT == 0
                                && place.offset() <= bytes.byteSize() - data - size,
                        name + " is not within the file");
                places.put(name, new Place(place.plan(), data + place.offset()));
            });
            return places;
        }

        private int dimension(String name) {
            long size = int64();
            require(size >= 1 && size <= Integer.MAX_VALUE, name + " has a dimension of " + size);
            return (int) size;
        }

        private MetadataValue value() {
            int type = int32();
            return switch (type) {
                case FileHeader.STRING -> new MetadataValue.Text(text());
                case FileHeader.UINT32 -> new MetadataValue.Count(Integer.toUnsignedLong(int32()));
                case FileHeader.FLOAT32 -> new MetadataValue.Real(float32());
                case FileHeader.BOOL -> new MetadataValue.Flag(int8() != 0);
                case FileHeader.ARRAY -> array();
                default -> throw new IllegalArgumentException("it has a value of the type " + type);
            };
        }

        private MetadataValue array() {
            int type = int32();
            return switch (type) {
                case FileHeader.STRING -> new MetadataValue.Texts(list(Long.BYTES, this::text));
                case FileHeader.INT32 -> new MetadataValue.Integers(list(Integer.BYTES, this::int32));
                case FileHeader.FLOAT32 -> new MetadataValue.Reals(list(Float.BYTES, this::float32));
                default -> throw new IllegalArgumentException("it has an array of the type " + type);
            };
        }

        private <T> List<T> list(int leastBytes, Supplier<T> next) {
            int count = count(leastBytes);
            List<T> values = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                values.add(next.get());
            }
            return values;
        }

        /** A number of things of at least some bytes, which cannot be more than the file has room for. */
        private int count(int leastBytes) {
            long count = int64();
            require(
                    count >= 0 && count <= (bytes.byteSize() - at) / leastBytes && count <= Integer.MAX_VALUE,
                    "it declares " + count + " things where there is no room for them");
            return (int) count;
        }

        private String text() {
            int length = count(1);
            ByteBuffer encoded = bytes.asSlice(at, length).asByteBuffer();
            at += length;
            try {
                return StandardCharsets.UTF_8.newDecoder().decode(encoded).toString();
            } catch (CharacterCodingException e) {
                throw new IllegalArgumentException("it has a text that is not UTF-8", e);
            }
        }

        private byte int8() {
            return bytes.get(ValueLayout.JAVA_BYTE, at++);
        }

        private int int32() {
            int value = bytes.get(INT, at);
            at += Integer.BYTES;
            return value;
        }

        private float float32() {
            return Float.intBitsToFloat(int32());
        }

        private long int64() {
            long value = bytes.get(LONG, at);
            at += Long.BYTES;
            return value;
        }

        private static void require(boolean condition, String otherwise) {
            if (!condition) {
                throw new IllegalArgumentException("this file cannot be read: " + otherwise);
            }
        }
    }
}
