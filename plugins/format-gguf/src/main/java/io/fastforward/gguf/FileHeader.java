package io.fastforward.gguf;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * All that is in a GGUF file before its tensors, and where each of these begins.
 *
 * @param bytes magic number, version, metadata and the list of tensors, up to the first tensor
 * @param offsets from the start of the file, by the names of tensors
 * @param fileBytes size of the whole file
 */
record FileHeader(byte[] bytes, Map<String, Long> offsets, long fileBytes) {

    /** "GGUF". */
    static final int MAGIC = 0x4655_4747;

    static final int VERSION = 3;

    /** Every tensor begins at a multiple of it. */
    static final int ALIGNMENT = 32;

    // The numbers of types of metadata.
    static final int UINT32 = 4;
    static final int INT32 = 5;
    static final int FLOAT32 = 6;
    static final int BOOL = 7;
    static final int STRING = 8;
    static final int ARRAY = 9;

    /**
     * Lays a file out.
     *
     * @throws IllegalArgumentException if a text is not Unicode, or two tensors have one name
     */
    static FileHeader of(Map<String, MetadataValue> metadata, List<TensorPlan> tensors) {
        Output out = new Output();
        out.int32(MAGIC);
        out.int32(VERSION);
        out.int64(tensors.size());
        out.int64(metadata.size());
        metadata.forEach((key, value) -> {
            out.text(key);
            out.value(value);
        });
        Map<String, Long> relative = new LinkedHashMap<>();
        long end = 0;
        for (TensorPlan tensor : tensors) {
            if (relative.put(tensor.name(), end) != null) {
                throw new IllegalArgumentException("two tensors are called " + tensor.name());
            }
            out.text(tensor.name());
            out.int32(tensor.vector() ? 1 : 2);
            out.int64(tensor.columns()); // the dimension whose numbers are side by side comes first
            if (!tensor.vector()) {
                out.int64(tensor.rows());
            }
            out.int32(tensor.type().code());
            out.int64(end);
            end = aligned(Math.addExact(end, tensor.bytes()));
        }
        byte[] bytes = out.alignedBytes();
        Map<String, Long> offsets = new LinkedHashMap<>();
        relative.forEach((name, offset) -> offsets.put(name, bytes.length + offset));
        return new FileHeader(bytes, offsets, Math.addExact(bytes.length, end));
    }

    /** The next multiple of the alignment. */
    static long aligned(long offset) {
        return Math.ceilDiv(offset, ALIGNMENT) * ALIGNMENT;
    }

    /** Little-endian, as the format wants it. */
    private static final class Output {

        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        void int32(int value) {
            bytes.writeBytes(buffer(Integer.BYTES).putInt(value).array());
        }

        void int64(long value) {
            bytes.writeBytes(buffer(Long.BYTES).putLong(value).array());
        }

        void float32(float value) {
            int32(Float.floatToRawIntBits(value));
        }

        void text(String text) {
            ByteBuffer encoded;
            try {
                encoded = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text));
            } catch (CharacterCodingException e) {
                throw new IllegalArgumentException("a text to write has half a character (an unpaired surrogate)", e);
            }
            byte[] exact = new byte[encoded.remaining()];
            encoded.get(exact);
            int64(exact.length);
            bytes.writeBytes(exact);
        }

        void value(MetadataValue value) {
            switch (value) {
                case MetadataValue.Text text -> {
                    int32(STRING);
                    text(text.value());
                }
                case MetadataValue.Count count -> {
                    int32(UINT32);
                    int32((int) count.value());
                }
                case MetadataValue.Real real -> {
                    int32(FLOAT32);
                    float32(real.value());
                }
                case MetadataValue.Flag flag -> {
                    int32(BOOL);
                    bytes.write(flag.value() ? 1 : 0);
                }
                case MetadataValue.Texts texts -> {
                    array(STRING, texts.values().size());
                    texts.values().forEach(this::text);
                }
                case MetadataValue.Integers integers -> {
                    array(INT32, integers.values().size());
                    integers.values().forEach(this::int32);
                }
                case MetadataValue.Reals reals -> {
                    array(FLOAT32, reals.values().size());
                    reals.values().forEach(this::float32);
                }
            }
        }

        private void array(int type, int size) {
            int32(ARRAY);
            int32(type);
            int64(size);
        }

        byte[] alignedBytes() {
            while (bytes.size() % ALIGNMENT != 0) {
                bytes.write(0);
            }
            return bytes.toByteArray();
        }

        private static ByteBuffer buffer(int size) {
            return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
        }
    }
}
