package io.fastforward.checkpoint;

import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.util.List;

/**
 * A tensor that a {@link CheckpointWriter} is going to write.
 *
 * @param name its name in the checkpoint
 * @param type how its numbers are stored
 * @param shape one or two dimensions, each from 0 to the largest int
 */
public record TensorPlan(String name, DataType type, List<Long> shape) {

    public TensorPlan {
        shape = List.copyOf(shape);
        boolean fits = shape.stream().allMatch(dimension -> dimension >= 0 && dimension <= Integer.MAX_VALUE);
        if (!fits || shape.isEmpty() || shape.size() > 2) {
            throw new IllegalArgumentException("tensor '" + name + "' has the shape " + shape
                    + ", expected one or two dimensions from 0 to " + Integer.MAX_VALUE);
        }
        if (name.equals("__metadata__")) {
            throw new IllegalArgumentException("the safetensors format reserves the name __metadata__");
        }
        Math.multiplyExact(type.bytes() * shape.getFirst(), shape.getLast());
    }

    /** Its size in a file. */
    public long bytes() {
        return shape.stream().reduce((long) type.bytes(), (product, dimension) -> product * dimension);
    }

    /** Whether a matrix has its shape; a vector is {@code 1 × n}. */
    boolean fits(Matrix matrix) {
        long rows = shape.size() == 1 ? 1 : shape.getFirst();
        return matrix.rows() == rows && matrix.columns() == shape.getLast();
    }
}
