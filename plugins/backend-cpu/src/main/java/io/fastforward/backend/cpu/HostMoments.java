package io.fastforward.backend.cpu;

import io.fastforward.spi.backend.DeviceMatrix;
import io.fastforward.spi.backend.Moments;
import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.tensor.DoubleMatrix;
import java.lang.foreign.Arena;

/** The checks and the count that all moments in host memory share. */
abstract class HostMoments implements Moments {

    private final HostBackend owner;
    private final Moment kind;
    private final int leftWidth;
    private final int rightWidth;
    private long tokens;
    private boolean open = true;

    HostMoments(HostBackend owner, Moment kind, int leftWidth, int rightWidth) {
        this.owner = owner;
        this.kind = kind;
        this.leftWidth = leftWidth;
        this.rightWidth = rightWidth;
    }

    final Moment kind() {
        return kind;
    }

    final int leftWidth() {
        return leftWidth;
    }

    final int rightWidth() {
        return rightWidth;
    }

    @Override
    public final void add(DeviceMatrix left, DeviceMatrix right, int rows) {
        requireOpen();
        HostMatrix leftMatrix = owner.own(left);
        HostMatrix rightMatrix = owner.own(right);
        if (kind != Moment.CROSS_GRAM && leftMatrix != rightMatrix) {
            throw new IllegalArgumentException(kind + " sums up one matrix, but two different ones are given");
        }
        requireShape(leftMatrix, rows, leftWidth);
        requireShape(rightMatrix, rows, rightWidth);
        addChecked(leftMatrix, rightMatrix, rows);
        tokens += rows;
    }

    @Override
    public final long tokens() {
        return tokens;
    }

    @Override
    public final DoubleMatrix read(Arena arena) {
        requireOpen();
        return readChecked(arena);
    }

    @Override
    public final void close() {
        if (open) {
            open = false;
            release();
        }
    }

    abstract void addChecked(HostMatrix left, HostMatrix right, int rows);

    abstract DoubleMatrix readChecked(Arena arena);

    abstract void release();

    private void requireOpen() {
        owner.requireOpen();
        if (!open) {
            throw new IllegalStateException("the moments are closed");
        }
    }

    private static void requireShape(HostMatrix matrix, int rows, int width) {
        if (rows < 0 || rows > matrix.rows() || width > matrix.columns()) {
            throw new IllegalArgumentException(
                    "a matrix of " + HostBackend.shape(matrix) + " does not hold " + rows + " × " + width);
        }
    }
}
