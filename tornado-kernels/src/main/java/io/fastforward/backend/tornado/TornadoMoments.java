package io.fastforward.backend.tornado;

import io.fastforward.backend.tornado.device.DeviceMemory;
import io.fastforward.backend.tornado.device.Region;
import io.fastforward.backend.tornado.kernel.ColumnSumKernel;
import io.fastforward.backend.tornado.kernel.ColumnSumKernel.Term;
import io.fastforward.backend.tornado.kernel.ProductKernel;
import io.fastforward.spi.backend.DeviceMatrix;
import io.fastforward.spi.backend.Moments;
import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.tensor.DoubleMatrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Moments as sums in single precision over some thousand tokens on the device, which are summed up in double precision
 * on the host: not every device has double precision. Of a Gram matrix only blocks that touch the lower triangle are
 * computed.
 */
final class TornadoMoments implements Moments {

    /** Tokens that are summed up in single precision. */
    private static final int TOKENS = 4096;

    private final DeviceMemory memory;
    private final Moment kind;
    private final int leftWidth;
    private final int rightWidth;
    private final Region partial;
    private final Arena arena = Arena.ofShared();
    private final DoubleMatrix sums;
    private int pending;
    private long tokens;

    TornadoMoments(DeviceMemory memory, Moment kind, int leftWidth, int rightWidth) {
        this.memory = memory;
        this.kind = kind;
        this.leftWidth = leftWidth;
        this.rightWidth = rightWidth;
        int rows = isRow() ? 1 : leftWidth;
        this.partial = memory.take(rows, rightWidth);
        try {
            this.sums = DoubleMatrix.allocate(arena, rows, rightWidth);
        } catch (Throwable e) {
            partial.close();
            arena.close();
            throw e;
        }
    }

    private boolean isRow() {
        return kind == Moment.SUMS || kind == Moment.SQUARE_SUMS;
    }

    @Override
    public void add(DeviceMatrix left, DeviceMatrix right, int rows) {
        var y = (TornadoMatrix) left;
        var x = (TornadoMatrix) right;
        for (int first = 0; first < rows; first += TOKENS) {
            int count = Math.min(TOKENS, rows - first);
            if (pending + count > TOKENS) {
                flush();
            }
            addPart(y.start() + first * y.columns(), y.columns(), x.start() + first * x.columns(), x.columns(), count);
        }
        tokens += rows;
    }

    private void addPart(int y, int yRow, int x, int xRow, int rows) {
        if (isRow()) {
            if (pending > 0) {
                flush();
            }
            ColumnSumKernel.launch(
                    memory.executor(),
                    new ColumnSumKernel.Sizes(
                            kind == Moment.SQUARE_SUMS ? Term.SQUARE : Term.VALUE,
                            rows,
                            rows,
                            rightWidth,
                            x,
                            xRow,
                            partial.start()));
        } else {
            ProductKernel.launch(
                    memory.executor(),
                    new ProductKernel.Sizes(
                            leftWidth,
                            rightWidth,
                            rows,
                            y,
                            1,
                            yRow,
                            x,
                            xRow,
                            partial.start(),
                            rightWidth,
                            1,
                            -1,
                            pending > 0,
                            kind == Moment.GRAM));
        }
        pending += rows;
    }

    private void flush() {
        if (pending > 0) {
            memory.read(partial.start(), rightWidth, sums.rows(), rightWidth, (row, segment, offset) -> {
                int width = kind == Moment.GRAM ? row + 1 : rightWidth;
                for (int column = 0; column < width; column++) {
                    float value = segment.get(ValueLayout.JAVA_FLOAT, offset + (long) column * Float.BYTES);
                    add(row, column, value);
                }
            });
            pending = 0;
        }
    }

    private void add(int row, int column, float value) {
        MemorySegment data = sums.data();
        long index = row * sums.rowStride() + column;
        data.setAtIndex(ValueLayout.JAVA_DOUBLE, index, data.getAtIndex(ValueLayout.JAVA_DOUBLE, index) + value);
    }

    @Override
    public long tokens() {
        return tokens;
    }

    @Override
    public DoubleMatrix read(Arena target) {
        flush();
        DoubleMatrix result = DoubleMatrix.allocate(target, sums.rows(), sums.columns());
        for (int row = 0; row < sums.rows(); row++) {
            for (int column = 0; column < sums.columns(); column++) {
                boolean mirrored = kind == Moment.GRAM && column > row;
                result.set(row, column, mirrored ? sums.get(column, row) : sums.get(row, column));
            }
        }
        return result;
    }

    @Override
    public void close() {
        partial.close();
        arena.close();
    }
}
