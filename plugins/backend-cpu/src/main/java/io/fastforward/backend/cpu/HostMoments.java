package io.fastforward.backend.cpu;

import io.fastforward.spi.backend.DeviceMatrix;
import io.fastforward.spi.backend.Moments;
import io.fastforward.spi.measure.Moment;

/** What moments in host memory share: their shape and count. */
abstract class HostMoments implements Moments {

    private final Moment kind;
    private final int leftWidth;
    private final int rightWidth;
    private long tokens;

    HostMoments(Moment kind, int leftWidth, int rightWidth) {
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

    /** Rows of the sum. */
    final int rows() {
        return kind == Moment.SUMS || kind == Moment.SQUARE_SUMS ? 1 : leftWidth;
    }

    @Override
    public final void add(DeviceMatrix left, DeviceMatrix right, int rows) {
        addRows((HostMatrix) left, (HostMatrix) right, rows);
        tokens += rows;
    }

    abstract void addRows(HostMatrix left, HostMatrix right, int rows);

    @Override
    public final long tokens() {
        return tokens;
    }
}
