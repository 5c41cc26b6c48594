package io.fastforward.backend.cpu;

import io.fastforward.backend.cpu.algebra.FloatView;
import io.fastforward.backend.cpu.algebra.Tiling;
import io.fastforward.spi.backend.DeviceMatrix;
import io.fastforward.spi.backend.HostMemory;
import io.fastforward.spi.backend.Moments;
import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.tensor.DoubleMatrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Moments as products in single precision over some hundred tokens, which are summed up in double precision. Of a
 * Gram matrix the blocks below and on the diagonal are computed.
 */
final class CpuMoments implements Moments {

    private static final Tiling BLOCKS = new Tiling(256, 256);
    private static final int TOKENS = 512;

    private final CpuResources cpu;
    private final Moment kind;
    private final Arena arena = Arena.ofShared();
    private final DoubleMatrix sums;
    private long tokens;
    private boolean handedOver;

    /** Adds something of some numbers to sums in double precision. */
    @FunctionalInterface
    private interface Accumulation {
        void add(MemorySegment x, long first, MemorySegment sums, long sumsFirst, int length);
    }

    CpuMoments(CpuResources cpu, Moment kind, int leftWidth, int rightWidth, HostMemory memory) {
        this.cpu = cpu;
        this.kind = kind;
        int rows = kind == Moment.SUMS || kind == Moment.SQUARE_SUMS ? 1 : leftWidth;
        try {
            long bytes = Math.multiplyExact((long) rows * rightWidth, (long) Double.BYTES);
            this.sums = new DoubleMatrix(memory.allocate(bytes, arena), rows, rightWidth, rightWidth);
        } catch (Throwable e) {
            arena.close();
            throw e;
        }
    }

    @Override
    public void add(DeviceMatrix left, DeviceMatrix right, int rows) {
        FloatView y = CpuMatrix.view(left);
        FloatView x = CpuMatrix.view(right);
        switch (kind) {
            case SUMS -> addColumns(x, rows, cpu.kernels()::accumulate);
            case SQUARE_SUMS -> addColumns(x, rows, cpu.kernels()::accumulateSquares);
            case GRAM, CROSS_GRAM -> addBlocks(y, x, rows);
        }
        tokens += rows;
    }

    private void addColumns(FloatView x, int rows, Accumulation accumulation) {
        cpu.forRows(sums.columns(), (column, columns) -> {
            for (int row = 0; row < rows; row++) {
                accumulation.add(x.data(), x.index(row) + column, sums.data(), column, columns);
            }
        });
    }

    /** One row of blocks after the other: where the sums are in a file, that is how they lie there. */
    private void addBlocks(FloatView left, FloatView right, int rows) {
        int across = sums.columns();
        int down = sums.rows();
        cpu.pool().forTiles(BLOCKS, across, down, (j, width, i, height, worker) -> {
            if (kind == Moment.CROSS_GRAM || j <= i) {
                addBlock(left, right, rows, i, height, j, width, worker);
            }
        });
    }

    private void addBlock(FloatView left, FloatView right, int rows, int i, int height, int j, int width, int worker) {
        FloatView products = cpu.first()[worker].matrix(height, width);
        for (int token = 0; token < rows; token += TOKENS) {
            int tokens = Math.min(TOKENS, rows - token);
            cpu.products().multiplyTransposed(height, width, tokens, left.at(token, i), right.at(token, j), products);
            for (int row = 0; row < height; row++) {
                long target = (i + row) * sums.rowStride() + j;
                cpu.kernels().accumulate(products.data(), products.index(row), sums.data(), target, width);
            }
        }
    }

    @Override
    public long tokens() {
        return tokens;
    }

    @Override
    public DoubleMatrix read(Arena target) {
        DoubleMatrix result = DoubleMatrix.allocate(target, sums.rows(), sums.columns());
        cpu.pool().forTiles(BLOCKS, sums.rows(), sums.columns(), (row, rows, column, columns, worker) -> {
            boolean mirrored = kind == Moment.GRAM && column > row;
            for (int i = row; i < row + rows; i++) {
                for (int j = column; j < column + columns; j++) {
                    result.set(i, j, mirrored ? sums.get(j, i) : sums.get(i, j));
                }
            }
        });
        return result;
    }

    @Override
    public DoubleMatrix handOver(Arena target) {
        if (kind == Moment.GRAM) {
            mirror();
        }
        MemorySegment given = sums.data().reinterpret(target, _ -> arena.close());
        handedOver = true;
        return new DoubleMatrix(given, sums.rows(), sums.columns(), sums.rowStride());
    }

    /** Fills the blocks above the diagonal. */
    private void mirror() {
        cpu.pool().forTiles(BLOCKS, sums.rows(), sums.columns(), (row, rows, column, columns, worker) -> {
            if (column > row) {
                for (int i = row; i < row + rows; i++) {
                    for (int j = column; j < column + columns; j++) {
                        sums.set(i, j, sums.get(j, i));
                    }
                }
            }
        });
    }

    @Override
    public void close() {
        if (!handedOver) {
            arena.close();
        }
    }
}
