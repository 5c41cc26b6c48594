package io.fastforward.backend.tornado.device;

import io.fastforward.backend.tornado.kernel.CopyKernel;
import io.fastforward.backend.tornado.kernel.ExpandKernel;
import io.fastforward.backend.tornado.kernel.KernelExecutor;
import io.fastforward.backend.tornado.kernel.Stage;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** Hands out the memory of a device and moves matrices to it and from it. */
public final class DeviceMemory {

    /**
     * Most numbers of an expanded panel of weights, 256 MiB: the widest map of a 7B model is one panel. A launch costs
     * about 0.1 ms, as much as the product of 2048 tokens with 32 MiB of weights on a large GPU.
     */
    private static final int PANEL = 1 << 26;

    private final KernelExecutor executor;
    private final MemoryPool pool;
    private final WeightMemory weights;
    private final @Nullable TensorProduct tensorProduct;

    /** Held by whoever fills a stage until its kernel has run: one thread computes, another loads. */
    private final Object stages = new Object();

    public DeviceMemory(KernelExecutor executor) {
        this.executor = executor;
        this.pool = new MemoryPool(executor.memoryElements());
        this.weights = new WeightMemory(executor, stages);
        this.tensorProduct = executor.operandElements() > 0 ? new TensorProduct(this) : null;
    }

    public KernelExecutor executor() {
        return executor;
    }

    /** The arrays for weights. */
    public WeightMemory weights() {
        return weights;
    }

    /** Products on tensor cores in single precision, if the device has them. */
    @Nullable
    TensorProduct tensorProduct() {
        return tensorProduct;
    }

    public long capacityBytes() {
        return (long) pool.capacity() * Float.BYTES;
    }

    /** Numbers of a panel of expanded weights or of logits. */
    public int panelElements() {
        return Math.min(PANEL, pool.capacity() / 16);
    }

    /** Rows of single-precision numbers, whatever they hold. */
    public Region take(long rows, long columns) {
        long elements = Math.multiplyExact(rows, columns);
        int start = pool.take(elements);
        if (start < 0) {
            throw new OutOfMemoryError("no room for " + rows + " × " + columns + " numbers on "
                    + executor.description() + ", whose memory for matrices holds " + pool.capacity() + " and has "
                    + pool.free() + " free; use fewer or shorter windows, or the CPU");
        }
        return new Region(pool, start, elements);
    }

    /** Zeros. */
    public Region takeZeroed(int rows, int columns) {
        Region region = take(rows, columns);
        CopyKernel.launch(executor, new CopyKernel.Sizes(rows, columns, -1, 0, 0, region.start(), columns, 1));
        return region;
    }

    /** Copies a host matrix, widened, to rows of memory. */
    public void write(Matrix source, int target, int targetRow) {
        int perRow = source.columns() * source.type().bytes();
        for (int first = 0; first < source.rows() && perRow > 0; ) {
            Stage stage = Stage.holding(Math.ceilDiv((source.rows() - first) * (long) perRow, (long) Integer.BYTES));
            int rows = Math.min(source.rows() - first, rowsThatFit(stage.elements(), perRow, source));
            synchronized (stages) {
                pack(source, first, rows, executor.outgoing(stage));
                ExpandKernel.launch(
                        executor,
                        stage.source(),
                        new ExpandKernel.Sizes(
                                source.type(),
                                rows,
                                source.columns(),
                                0,
                                source.columns(),
                                1,
                                target + first * targetRow,
                                targetRow));
            }
            first += rows;
        }
    }

    static void pack(Matrix source, int first, int rows, MemorySegment target) {
        long perRow = (long) source.columns() * source.type().bytes();
        for (int row = 0; row < rows; row++) {
            MemorySegment.copy(
                    source.data(),
                    (first + row) * source.rowStride() * source.type().bytes(),
                    target,
                    row * perRow,
                    perRow);
        }
    }

    static int rowsThatFit(int elements, int bytesPerRow, Matrix source) {
        int rows = (int) Math.min((long) elements * Integer.BYTES / bytesPerRow, KernelExecutor.MOST_ROWS);
        if (rows == 0) {
            throw new IllegalArgumentException("a row of " + source.columns() + " " + source.type()
                    + " numbers is longer than what travels to the device at once");
        }
        return rows;
    }

    /** A row vector, widened, with room for more numbers after it. */
    public Region vector(Matrix row, int more) {
        Region region = take(1, (long) row.columns() + more);
        try {
            write(row, region.start(), row.columns());
        } catch (Throwable e) {
            region.close();
            throw e;
        }
        return region;
    }

    /** Some numbers. */
    public void write(float[] values, int target) {
        try (Arena arena = Arena.ofConfined()) {
            Matrix row = Matrix.allocate(arena, DataType.F32, 1, values.length);
            for (int i = 0; i < values.length; i++) {
                row.set(0, i, values[i]);
            }
            write(row, target, values.length);
        }
    }

    /** Takes in rows that come from the device. */
    @FunctionalInterface
    public interface RowSink {
        /** A row at an offset in bytes of a segment. */
        void accept(int row, MemorySegment segment, long offset);
    }

    /** Brings rows of memory to the host. */
    public void read(int start, int rowStride, int rows, int columns, RowSink sink) {
        for (int first = 0; first < rows && columns > 0; ) {
            Stage stage = Stage.holding((rows - first) * (long) columns);
            int count = Math.min(Math.min(rows - first, stage.elements() / columns), KernelExecutor.MOST_ROWS);
            if (count == 0) {
                throw new IllegalArgumentException(
                        "a row of " + columns + " numbers is longer than what travels from the device at once");
            }
            synchronized (stages) {
                executor.fetch(stage, count, columns, start + first * rowStride, rowStride);
                for (int row = 0; row < count; row++) {
                    sink.accept(first + row, executor.incoming(stage), (long) row * columns * Float.BYTES);
                }
            }
            first += count;
        }
    }
}
