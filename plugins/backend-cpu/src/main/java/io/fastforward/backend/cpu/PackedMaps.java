package io.fastforward.backend.cpu;

import io.fastforward.backend.cpu.algebra.FloatView;
import io.fastforward.backend.cpu.onednn.OneDnn;
import io.fastforward.backend.cpu.onednn.OneDnnThread;
import io.fastforward.spi.backend.Precision;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Weights in bfloat16, packed as the processor's instructions want them, and products with oneDNN. Leading outputs are
 * leading blocks of packed weights; where a candidate ends within a block, the whole block is computed aside and what is
 * asked for is copied. Leading inputs cannot be had from packed weights (oneDNN then falls back to plain loops), so where
 * they vary, weights are packed in panels of inputs, whose products are added up: a candidate takes as many panels as it
 * needs, and zeros fill the last.
 */
final class PackedMaps implements MapProducts {

    /**
     * Inputs of a panel. Each one reads and writes the results once more: 363 GFLOP/s with panels of 512, 392 without any
     * (1024 × 2048 by 2048 × 2048, one core of an AMD EPYC with AVX-512 bfloat16); 438 with panels of 128 and 452 without
     * (1024 × 512 by 512 × 192). Wide ones waste more of the last one.
     */
    private static final int WIDEST_PANEL = 512;

    private static final int PANELS = 4;

    /** Inputs come as a multiple of so many, filled up with zeros: no instruction takes more of them at once. */
    private static final int STEP = 64;

    private static final int ALIGNMENT = 64;

    private final OneDnn library;
    private final List<OneDnnThread> threads;
    private final List<Scratch> results;
    private final List<Scratch> blocks;
    private final List<Scratch> rows;
    private final Scratch inputs = new Scratch();
    private final PackedAttention attention;

    private PackedMaps(OneDnn library, List<OneDnnThread> threads) {
        this.library = library;
        this.threads = List.copyOf(threads);
        this.results = Scratch.several(threads.size());
        this.blocks = Scratch.several(threads.size());
        this.rows = Scratch.several(threads.size());
        this.attention = PackedAttention.of(library, this.threads);
    }

    /**
     * For some threads.
     *
     * @param library closed with this, and if there is no room for it
     */
    static PackedMaps of(OneDnn library, int count) {
        List<OneDnnThread> threads = new ArrayList<>();
        try {
            for (int i = 0; i < count; i++) {
                threads.add(library.thread());
            }
            return new PackedMaps(library, threads);
        } catch (Throwable e) {
            threads.forEach(OneDnnThread::close);
            library.close();
            throw e;
        }
    }

    @Override
    public Precision precision() {
        return Precision.BFLOAT16;
    }

    @Override
    public String description() {
        return "linear maps in bfloat16 by " + library.description();
    }

    @Override
    public int bytesPerWeight() {
        return Short.BYTES;
    }

    @Override
    public int mostRows() {
        return CpuResources.CHUNK_ROWS;
    }

    @Override
    public MapWeights allocate(Arena arena, int outputs, int width, boolean inputsVary) {
        int panel = inputsVary ? Math.clamp(Math.ceilDiv(width, PANELS), 1, WIDEST_PANEL) : width;
        panel = Math.ceilDiv(panel, STEP) * STEP;
        return new Weights(arena, width, panel, library.packedOutputs(panel, outputs));
    }

    @Override
    public PackedAttention attention() {
        return attention;
    }

    @Override
    public void close() {
        attention.close();
        threads.forEach(OneDnnThread::close);
        List.of(results, blocks, rows).forEach(each -> each.forEach(Scratch::close));
        inputs.close();
        library.close();
    }

    /** Some weights: panel after panel. */
    private final class Weights implements MapWeights {

        private final int width;
        private final int panel;
        private final int outputs;
        private final int block;
        private final List<MemorySegment> panels = new ArrayList<>();

        Weights(Arena arena, int width, int panel, int outputs) {
            this.width = width;
            this.panel = panel;
            this.outputs = outputs;
            this.block = library.block(panel, outputs);
            long bytes = library.packedBytes(panel, outputs);
            for (int first = 0; first < width; first += panel) {
                panels.add(arena.allocate(bytes, ALIGNMENT));
            }
        }

        @Override
        public int block() {
            return block;
        }

        @Override
        public void write(CpuResources cpu, Matrix part, int firstOutput) {
            int firstBlock = firstOutput / block;
            int endBlock = Math.ceilDiv(firstOutput + part.rows(), block);
            cpu.pool().run(endBlock - firstBlock, (item, worker) -> {
                int start = (firstBlock + item) * block;
                int from = Math.max(start, firstOutput);
                int to = Math.min(start + block, firstOutput + part.rows());
                Matrix some = part.rowRange(from - firstOutput, to - from);
                for (int number = 0; number * panel < part.columns(); number++) {
                    int column = number * panel;
                    int columns = Math.min(panel, part.columns() - column);
                    writeBlock(cpu, some, column, columns, start, from, panels.get(number), worker);
                }
            });
        }

        /** Replaces leading columns of a panel in some rows of a block. */
        private void writeBlock(
                CpuResources cpu,
                Matrix part,
                int column,
                int columns,
                int start,
                int from,
                MemorySegment packed,
                int worker) {
            MemorySegment plain = blocks.get(worker).bytes((long) block * panel * Short.BYTES);
            OneDnnThread thread = threads.get(worker);
            if (part.rows() == block && columns == Math.min(panel, width - column)) {
                plain.asSlice(0, (long) block * panel * Short.BYTES).fill((byte) 0);
            } else {
                library.unpack(thread, packed, panel, outputs, start, plain);
            }
            FloatView widened = rows.get(worker).matrix(1, columns);
            for (int row = 0; row < part.rows(); row++) {
                long target = (long) (from - start + row) * panel;
                long source = (row * part.rowStride() + column) * part.type().bytes();
                if (part.type() == DataType.BF16) {
                    long bytes = (long) columns * Short.BYTES;
                    MemorySegment.copy(part.data(), source, plain, target * Short.BYTES, bytes);
                } else {
                    cpu.kernels().widen(part.type(), part.data(), source, widened.data(), 0, columns);
                    cpu.kernels().roundToBfloat16(widened.data(), 0, plain, target, columns);
                }
            }
            library.pack(thread, plain, packed, panel, outputs, start);
        }

        @Override
        public MapInput input(CpuResources cpu, FloatView x, int count, int used) {
            int stride = Math.ceilDiv(used, panel) * panel;
            MemorySegment rounded = inputs.bytes((long) count * stride * Short.BYTES);
            cpu.forRows(count, (row, some) -> {
                for (int i = row; i < row + some; i++) {
                    long target = (long) i * stride;
                    cpu.kernels().roundToBfloat16(x.data(), x.index(i), rounded, target, used);
                    rounded.asSlice((target + used) * Short.BYTES, (long) (stride - used) * Short.BYTES)
                            .fill((byte) 0);
                }
            });
            return new MapInput(rounded, 0, stride);
        }

        @Override
        public void multiply(
                CpuResources cpu,
                MapInput x,
                int count,
                int used,
                int firstOutput,
                int wanted,
                float beta,
                FloatView y,
                int worker) {
            int whole = wanted / block * block;
            if (whole > 0) {
                multiply(x, count, used, firstOutput, whole, beta != 0, y, worker);
            }
            int rest = wanted - whole;
            if (rest > 0) {
                FloatView aside = results.get(worker).matrix(count, block);
                multiply(x, count, used, firstOutput + whole, block, false, aside, worker);
                for (int row = 0; row < count; row++) {
                    long target = y.index(row) + whole;
                    if (beta == 0) {
                        aside.at(row, 0).copyTo(y.data(), target, rest);
                    } else {
                        cpu.kernels().add(aside.data(), aside.index(row), y.data(), target, rest);
                    }
                }
            }
        }

        private void multiply(
                MapInput x,
                int count,
                int used,
                int firstOutput,
                int wholeBlocks,
                boolean adding,
                FloatView y,
                int worker) {
            for (int number = 0; number * panel < used; number++) {
                library.multiply(
                        threads.get(worker),
                        x.data().asSlice((x.first() + (long) number * panel) * Short.BYTES),
                        x.stride(),
                        count,
                        panels.get(number),
                        panel,
                        outputs,
                        firstOutput,
                        wholeBlocks,
                        adding || number > 0,
                        y);
            }
        }
    }
}
