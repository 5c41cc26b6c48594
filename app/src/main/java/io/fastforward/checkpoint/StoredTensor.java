package io.fastforward.checkpoint;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.OneLine;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * A tensor of a checkpoint, in the mapped file. May be read by many threads until the checkpoint is closed.
 *
 * @param name its name in the checkpoint
 * @param type how one number is stored
 * @param shape its dimensions, the last one contiguous; empty for a scalar
 * @param data exactly its bytes, read only, not necessarily aligned
 */
public record StoredTensor(String name, DataType type, List<Long> shape, MemorySegment data) {

    public StoredTensor {
        shape = List.copyOf(shape);
    }

    /**
     * A view of the tensor: {@code rows × columns} of two dimensions, {@code 1 × n} of one.
     *
     * @throws Failure of kind {@link FailureKind#UNSUPPORTED_MODEL} if it has another number of dimensions, or one of
     *     them exceeds an int
     */
    public Matrix matrix() {
        boolean fits = shape.stream().allMatch(dimension -> dimension <= Integer.MAX_VALUE);
        if (!fits || shape.isEmpty() || shape.size() > 2) {
            throw FailureKind.UNSUPPORTED_MODEL.failure("tensor '" + OneLine.of(name) + "' has the shape " + shape
                    + ", expected a vector or a matrix with dimensions up to " + Integer.MAX_VALUE);
        }
        int rows = shape.size() == 1 ? 1 : shape.getFirst().intValue();
        int columns = shape.getLast().intValue();
        return new Matrix(data, type, rows, columns, columns);
    }
}
