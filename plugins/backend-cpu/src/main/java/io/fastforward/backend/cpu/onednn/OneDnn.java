package io.fastforward.backend.cpu.onednn;

import static io.fastforward.backend.cpu.onednn.OneDnnLibrary.BFLOAT16;
import static io.fastforward.backend.cpu.onednn.OneDnnLibrary.SINGLE;

import io.fastforward.backend.cpu.algebra.FloatView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Products of rows of bfloat16 numbers by packed weights, summed up in single precision, each in the thread that calls it.
 * What the library compiles for a shape is kept until this is closed: tiles have few shapes, since the numbers of their
 * outputs are multiples of a block, and the library takes a millisecond for each.
 *
 * <p>Serves several threads at a time, each with a {@link #thread} of its own.
 */
public final class OneDnn implements AutoCloseable {

    private static final int SOURCE = 1;
    private static final int WEIGHTS = 33;
    private static final int RESULT = 17;

    /** Rows for which the library is asked how it wants weights: those of a large tile. */
    private static final int TYPICAL_ROWS = 1024;

    private final OneDnnLibrary library;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment engine;
    private final Map<Size, PackedLayout> layouts = new ConcurrentHashMap<>();
    private final Map<Shape, Execution> products = new ConcurrentHashMap<>();

    /** Of weights. */
    private record Size(int inputs, int outputs) {}

    /** Of a product. */
    private record Shape(Size weights, int rows, int outputs, int stride, int resultStride, boolean adding) {}

    private OneDnn(OneDnnLibrary library) {
        this.library = library;
        try {
            engine = library.engine(arena);
        } catch (Throwable e) {
            arena.close();
            throw e;
        }
    }

    /**
     * Loads the library, if it is not loaded yet.
     *
     * @throws LinkageError if there is none for this platform, or it cannot be loaded
     */
    public static OneDnn open() {
        OneDnnLibrary library = OneDnnLibrary.load();
        library.computeAlone();
        return new OneDnn(library);
    }

    /** Its version and instruction set, for people. */
    public String description() {
        return library.description();
    }

    /** What a thread needs; closed before this. */
    public OneDnnThread thread() {
        return new OneDnnThread(library, engine);
    }

    /** The fewest outputs, at least as many as are asked for, that packed weights can have: a multiple of a block. */
    public int packedOutputs(int inputs, int outputs) {
        // How many make a block may depend on how many there are.
        for (int packed = outputs; ; ) {
            int block;
            try (Arena scratch = Arena.ofConfined()) {
                block = library.columnBlock(library.weightsOf(typicalProduct(scratch, inputs, packed)));
            }
            if (packed % block == 0) {
                return packed;
            }
            packed = Math.ceilDiv(packed, block) * block;
        }
    }

    /** Outputs that lie together in packed weights. */
    public int block(int inputs, int packedOutputs) {
        return layout(inputs, packedOutputs).block();
    }

    /** Bytes of packed weights; they begin at a multiple of 64. */
    public long packedBytes(int inputs, int outputs) {
        return layout(inputs, outputs).bytes();
    }

    /**
     * Packs a block of outputs.
     *
     * @param rows {@code block × inputs}, bfloat16, without gaps
     * @param packed weights of {@code outputs × inputs}
     */
    public void pack(
            OneDnnThread thread, MemorySegment rows, MemorySegment packed, int inputs, int outputs, int firstOutput) {
        PackedLayout layout = layout(inputs, outputs);
        thread.execute(layout.pack(), rows, blockOf(layout, packed, firstOutput));
    }

    /** The way back. */
    public void unpack(
            OneDnnThread thread, MemorySegment packed, int inputs, int outputs, int firstOutput, MemorySegment rows) {
        PackedLayout layout = layout(inputs, outputs);
        thread.execute(layout.unpack(), blockOf(layout, packed, firstOutput), rows);
    }

    /**
     * y = x·Wᵀ, or y += x·Wᵀ, for some rows and consecutive outputs.
     *
     * @param x bfloat16, {@code ≥ rows × inputs}
     * @param stride numbers from one row of it to the next
     * @param packed weights of {@code allOutputs × inputs}
     * @param firstOutput a multiple of the block
     * @param outputs a multiple of the block
     */
    public void multiply(
            OneDnnThread thread,
            MemorySegment x,
            int stride,
            int rows,
            MemorySegment packed,
            int inputs,
            int allOutputs,
            int firstOutput,
            int outputs,
            boolean adding,
            FloatView y) {
        PackedLayout layout = layout(inputs, allOutputs);
        var shape = new Shape(new Size(inputs, allOutputs), rows, outputs, stride, y.stride(), adding);
        Execution product = products.computeIfAbsent(shape, this::product);
        thread.execute(product, x, blockOf(layout, packed, firstOutput), y.segment());
    }

    private static MemorySegment blockOf(PackedLayout layout, MemorySegment packed, int firstOutput) {
        if (firstOutput % layout.block() != 0) {
            throw new IllegalArgumentException(
                    "output " + firstOutput + " does not begin a block of " + layout.block());
        }
        return packed.asSlice(firstOutput / layout.block() * layout.blockBytes());
    }

    private PackedLayout layout(int inputs, int outputs) {
        return layouts.computeIfAbsent(new Size(inputs, outputs), this::layout);
    }

    private PackedLayout layout(Size size) {
        try (Arena scratch = Arena.ofConfined()) {
            MemorySegment plan = typicalProduct(scratch, size.inputs, size.outputs);
            MemorySegment description = library.copy(arena, library.weightsOf(plan));
            int block = library.columnBlock(description);
            if (size.outputs % block != 0) {
                throw new IllegalArgumentException(size.outputs + " outputs are no multiple of a block of " + block);
            }
            // Blocks of a dimension are equally far apart: that is what a blocked layout means to the library.
            long blockBytes = size.outputs == block
                    ? library.bytes(description)
                    : Short.BYTES * library.offset(library.columns(scratch, description, size.inputs, block, block));
            MemorySegment one = library.columns(arena, description, size.inputs, block, 0);
            MemorySegment rows = library.strided(arena, BFLOAT16, size.inputs, block, 1, size.inputs);
            return new PackedLayout(
                    size.inputs,
                    size.outputs,
                    block,
                    library.bytes(description),
                    blockBytes,
                    description,
                    reordering(rows, one),
                    reordering(one, rows));
        }
    }

    private MemorySegment typicalProduct(Arena scratch, int inputs, int outputs) {
        library.computeAlone();
        return accepted(
                library.product(
                        scratch,
                        engine,
                        library.strided(scratch, BFLOAT16, TYPICAL_ROWS, inputs, inputs, 1),
                        library.inAnyLayout(scratch, BFLOAT16, inputs, outputs),
                        library.strided(scratch, SINGLE, TYPICAL_ROWS, outputs, outputs, 1),
                        library.attributes(scratch, false)),
                TYPICAL_ROWS + " × " + inputs + " by " + inputs + " × " + outputs);
    }

    private Execution product(Shape shape) {
        library.computeAlone();
        Size weights = shape.weights;
        MemorySegment source = library.strided(arena, BFLOAT16, shape.rows, weights.inputs, shape.stride, 1);
        MemorySegment columns = library.columns(
                arena, layout(weights.inputs, weights.outputs).description(), weights.inputs, shape.outputs, 0);
        MemorySegment result = library.strided(arena, SINGLE, shape.rows, shape.outputs, shape.resultStride, 1);
        MemorySegment plan = accepted(
                library.product(arena, engine, source, columns, result, library.attributes(arena, shape.adding)),
                shape.rows + " × " + weights.inputs + " by " + weights.inputs + " × " + shape.outputs + " of "
                        + weights.outputs + " packed outputs");
        return execution(plan, List.of(source, columns, result), List.of(SOURCE, WEIGHTS, RESULT));
    }

    private Execution reordering(MemorySegment source, MemorySegment target) {
        MemorySegment plan = library.reordering(arena, engine, source, target, library.attributes(arena, false));
        return execution(plan, List.of(source, target), List.of(SOURCE, RESULT));
    }

    private Execution execution(MemorySegment plan, List<MemorySegment> operands, List<Integer> numbers) {
        MemorySegment scratchpad = library.scratchpadOf(plan);
        return new Execution(library.primitive(arena, plan), operands, numbers, scratchpad, library.bytes(scratchpad));
    }

    /** What the library has no fast way for, it does by loops that take minutes, without a word. */
    private MemorySegment accepted(MemorySegment plan, String what) {
        String implementation = library.implementation(plan);
        if (implementation.startsWith("ref")) {
            throw new OneDnnException(
                    "oneDNN has no fast product of " + what + " here, but only '" + implementation + "'");
        }
        return plan;
    }

    @Override
    public void close() {
        arena.close();
    }
}
