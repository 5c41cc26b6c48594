package io.fastforward.gguf;

import io.fastforward.spi.tensor.DataType;
import java.util.Optional;

/** How a GGUF file stores the numbers of a tensor. */
enum TensorType {
    F32(0, 0, 1, 4),
    F16(1, 1, 1, 2),
    BF16(30, 32, 1, 2),
    /** Blocks of {@link QuantizedBlock#SIZE} whole numbers of 8 bits with a factor in half precision. */
    Q8_0(8, 7, QuantizedBlock.SIZE, QuantizedBlock.BYTES);

    private final int code;
    private final int fileCode;
    private final int blockSize;
    private final int blockBytes;

    TensorType(int code, int fileCode, int blockSize, int blockBytes) {
        this.code = code;
        this.fileCode = fileCode;
        this.blockSize = blockSize;
        this.blockBytes = blockBytes;
    }

    static TensorType of(DataType type) {
        return switch (type) {
            case F32 -> F32;
            case F16 -> F16;
            case BF16 -> BF16;
        };
    }

    /** The type with a number in files; empty if it is none of these. */
    static Optional<TensorType> withCode(int code) {
        for (TensorType type : values()) {
            if (type.code == code) {
                return Optional.of(type);
            }
        }
        return Optional.empty();
    }

    /** Its number in files. */
    int code() {
        return code;
    }

    /** What {@code general.file_type} says if most tensors are of this type. */
    int fileCode() {
        return fileCode;
    }

    /** The type of plain numbers that it is; empty if it is quantised. */
    Optional<DataType> plain() {
        return switch (this) {
            case F32 -> Optional.of(DataType.F32);
            case F16 -> Optional.of(DataType.F16);
            case BF16 -> Optional.of(DataType.BF16);
            case Q8_0 -> Optional.empty();
        };
    }

    /** Whether rows of some columns can be stored: a row has whole blocks. */
    boolean holds(int columns) {
        return columns % blockSize == 0;
    }

    /** Bytes of a row. */
    long rowBytes(int columns) {
        return (long) columns / blockSize * blockBytes;
    }
}
