package io.fastforward.checkpoint;

import io.fastforward.spi.tensor.DataType;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The element types of the safetensors format (as of its library 0.8). All may occur in a file, since old checkpoints
 * carry integer and boolean buffers; only three can be read.
 */
enum StoredType {
    BOOL(8),
    F4(4),
    F6_E2M3(6),
    F6_E3M2(6),
    U8(8),
    I8(8),
    F8_E5M2(8),
    F8_E4M3(8),
    F8_E8M0(8),
    F8_E4M3FNUZ(8),
    F8_E5M2FNUZ(8),
    I16(16),
    U16(16),
    F16(DataType.F16),
    BF16(DataType.BF16),
    I32(32),
    U32(32),
    F32(DataType.F32),
    C64(64),
    F64(64),
    I64(64),
    U64(64);

    private static final Map<String, StoredType> BY_NAME =
            Arrays.stream(values()).collect(Collectors.toUnmodifiableMap(StoredType::name, type -> type));

    private final int bits;
    private final @Nullable DataType readable;

    StoredType(int bits) {
        this.bits = bits;
        this.readable = null;
    }

    StoredType(DataType readable) {
        this.bits = readable.bytes() * Byte.SIZE;
        this.readable = readable;
    }

    /** The type with a name as it stands in a file's header, or null if the format has none. */
    static @Nullable StoredType named(String name) {
        return BY_NAME.get(name);
    }

    /** Bits of one number; some types pack several into a byte. */
    int bits() {
        return bits;
    }

    /** The type that reads it, or null if FastForward does not. */
    @Nullable
    DataType readable() {
        return readable;
    }
}
