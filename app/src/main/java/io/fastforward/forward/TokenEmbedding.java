package io.fastforward.forward;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.DeviceMatrix;
import io.fastforward.spi.model.ModelEnds;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Turns tokens into the hidden states before the first layer: the tokens' vectors, mapped to the hidden size where they
 * are narrower, plus those of their positions where there are such. Done in host memory, but for the rare map.
 */
final class TokenEmbedding implements AutoCloseable {

    private final ComputeBackend backend;
    private final ModelEnds ends;
    private final @Nullable EndProjection projection;

    TokenEmbedding(ComputeBackend backend, ModelEnds ends) {
        this.backend = backend;
        this.ends = ends;
        Matrix map = ends.inputProjection();
        this.projection = map == null ? null : new EndProjection(backend, map);
    }

    /** Width of the hidden states. */
    int hiddenSize() {
        Matrix projection = ends.inputProjection();
        return projection == null ? ends.embedding().columns() : projection.rows();
    }

    /**
     * Writes the hidden states of tokens to the first rows of a device matrix.
     *
     * @param positions the position of the token in each row
     * @throws Failure if there are fewer learned positions
     */
    void write(int[] tokens, IntUnaryOperator positions, DeviceMatrix target) {
        try (Arena arena = Arena.ofShared()) {
            Matrix hidden = project(gather(tokens, arena), arena);
            Matrix learned = ends.positions();
            if (learned != null) {
                hidden = add(hidden, learned, positions, arena);
            }
            backend.write(hidden, target, 0);
        }
    }

    private Matrix gather(int[] tokens, Arena arena) {
        Matrix embedding = ends.embedding();
        Matrix gathered = Matrix.allocate(arena, embedding.type(), tokens.length, embedding.columns());
        long rowBytes = (long) embedding.columns() * embedding.type().bytes();
        for (int row = 0; row < tokens.length; row++) {
            int token = tokens[row];
            if (token < 0 || token >= embedding.rows()) {
                throw new IllegalArgumentException(
                        "token " + token + " is not in the vocabulary of " + embedding.rows() + " tokens");
            }
            MemorySegment.copy(
                    embedding.data(),
                    token * embedding.rowStride() * embedding.type().bytes(),
                    gathered.data(),
                    row * rowBytes,
                    rowBytes);
        }
        return gathered;
    }

    private Matrix project(Matrix embedded, Arena arena) {
        if (projection == null) {
            return embedded;
        }
        try (DeviceMatrix narrow = backend.allocate(embedded.rows(), embedded.columns())) {
            backend.write(embedded, narrow, 0);
            return projection.apply(narrow, 0, embedded.rows(), arena);
        }
    }

    private static Matrix add(Matrix hidden, Matrix learned, IntUnaryOperator positions, Arena arena) {
        Matrix sum = Matrix.allocate(arena, DataType.F32, hidden.rows(), hidden.columns());
        for (int row = 0; row < sum.rows(); row++) {
            int position = positions.applyAsInt(row);
            if (position >= learned.rows()) {
                throw FailureKind.USAGE.failure("the model has " + learned.rows()
                        + " positions, but a sequence is longer; shorten the text, or the windows");
            }
            for (int column = 0; column < sum.columns(); column++) {
                sum.set(row, column, hidden.get(row, column) + learned.get(position, column));
            }
        }
        return sum;
    }

    @Override
    public void close() {
        if (projection != null) {
            projection.close();
        }
    }
}
