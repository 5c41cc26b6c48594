package io.fastforward.backend.tornado.kernel;

import io.fastforward.spi.backend.Precision;
import java.lang.foreign.MemorySegment;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Runs kernels as the Java methods that they are, one work-item after the other, or as threads where they wait for
 * each other. Fresh memory holds rubbish, and groups are filled up, as on a device.
 */
public final class JavaExecutor implements KernelExecutor {

    private static final int MEMORY = 1 << 22;
    private static final int WEIGHTS = 1 << 19;
    private static final int UPLOADED = 1 << 14; // so that what does not fit the small stage takes several
    private static final int OPERANDS = 1 << 20;
    private static final Set<Kernel> WITH_BARRIERS =
            EnumSet.of(Kernel.NORMALIZATION, Kernel.LIKELIHOOD, Kernel.ATTENTION);

    private final FloatArray memory = new FloatArray(MEMORY);
    private final List<IntArray> weights = List.of(new IntArray(WEIGHTS), new IntArray(WEIGHTS));
    private final List<IntArray> uploads = List.of(new IntArray(UPLOADED), new IntArray(UPLOADED));
    private final Map<Stage, IntArray> outgoing = new EnumMap<>(Stage.class);
    private final Map<Stage, FloatArray> incoming = new EnumMap<>(Stage.class);

    private final IntArray operands;
    private final boolean packs;

    public JavaExecutor() {
        this(false);
    }

    /** @param tensorCores whether there are some, likewise in plain Java */
    public JavaExecutor(boolean tensorCores) {
        this(tensorCores, Precision.SINGLE);
    }

    /** With tensor cores, in plain Java, that multiply in some precision. */
    public JavaExecutor(Precision precision) {
        this(true, precision);
    }

    private JavaExecutor(boolean tensorCores, Precision precision) {
        packs = precision == Precision.BFLOAT16;
        operands = new IntArray(tensorCores && !packs ? OPERANDS : 0);
        weights.forEach(array -> array.getSegment().fill((byte) 0x7F));
        operands.getSegment().fill((byte) 0x7F);
        for (Stage stage : Stage.values()) {
            outgoing.put(stage, new IntArray(stage.elements()));
            incoming.put(stage, new FloatArray(stage.elements()));
        }
        memory.getSegment().fill((byte) 0x7F); // NaN
    }

    @Override
    public String description() {
        return "kernels in plain Java";
    }

    @Override
    public int memoryElements() {
        return MEMORY;
    }

    @Override
    public int weightArrays() {
        return weights.size();
    }

    @Override
    public int weightElements() {
        return WEIGHTS;
    }

    @Override
    public MemorySegment outgoing(Stage stage) {
        return array(stage).getSegment();
    }

    @Override
    public MemorySegment incoming(Stage stage) {
        return Objects.requireNonNull(incoming.get(stage)).getSegment();
    }

    @Override
    public void launch(Kernel kernel, long x, long y, int... sizes) {
        IntArray array = array(sizes);
        if (WITH_BARRIERS.contains(kernel)) {
            WorkGroup.run(
                    Math.toIntExact(Math.ceilDiv(x, (long) kernel.groupX())),
                    kernel.groupX(),
                    item -> kernel.code().apply(item, memory, array));
        } else {
            forItems(
                    x,
                    y,
                    kernel.groupX(),
                    kernel.groupY(),
                    item -> kernel.code().apply(item, memory, array));
        }
    }

    @Override
    public void together(Runnable launches) {
        launches.run();
    }

    @Override
    public void expand(int source, long x, long y, int... sizes) {
        IntArray array = array(sizes);
        IntArray from = source < 0 ? array(Stage.of(source)) : weights.get(source);
        forItems(x, y, GROUP, 1, item -> ExpandKernel.ffExpand(item, from, memory, array));
    }

    @Override
    public void store(int target, int count, int offset) {
        store(array(Stage.SMALL), target, count, offset);
    }

    private void store(IntArray from, int target, int count, int offset) {
        IntArray array = array(count, offset);
        forItems(count, 1, GROUP, 1, item -> TransferKernels.ffStoreWeights(item, from, weights.get(target), array));
    }

    @Override
    public int uploadElements() {
        return UPLOADED;
    }

    @Override
    public MemorySegment uploadBuffer(int buffer) {
        return uploads.get(buffer).getSegment();
    }

    @Override
    public void upload(int buffer, int target, int count, int offset) {
        store(uploads.get(buffer), target, count, offset);
    }

    @Override
    public void finishUploads() {
        // They have arrived.
    }

    @Override
    public void fetch(Stage stage, int rows, int columns, int start, int row) {
        IntArray array = array(rows, columns, start, row);
        forItems(
                columns,
                rows,
                GROUP,
                1,
                item -> TransferKernels.ffFetch(item, memory, Objects.requireNonNull(incoming.get(stage)), array));
    }

    @Override
    public int operandElements() {
        return operands.getSize();
    }

    @Override
    public void packInputs(long x, long y, int... sizes) {
        IntArray array = array(sizes);
        forItems(x, y, GROUP, 1, item -> PackKernels.ffPackInputs(item, memory, operands, array));
    }

    @Override
    public void packWeights(long x, long y, int... sizes) {
        IntArray array = array(sizes);
        forItems(x, y, GROUP, 1, item -> PackKernels.ffPackWeights(item, memory, operands, array));
    }

    @Override
    public void multiply(int groups, int... sizes) {
        IntArray array = array(sizes);
        WorkGroup.run(
                groups,
                TensorProductKernel.LANES,
                item -> TensorProductKernel.ffTensorProduct(item, operands, memory, array));
    }

    @Override
    public boolean packsWeights() {
        return packs;
    }

    @Override
    public void pack(int source, int target, long x, long y, int... sizes) {
        IntArray array = array(sizes);
        IntArray from = source < 0 ? array(Stage.of(source)) : uploads.get(source);
        forItems(x, y, GROUP, 1, item -> WeightPackingKernel.ffPackStored(item, from, weights.get(target), array));
    }

    @Override
    public void multiplyPacked(int source, int groups, int... sizes) {
        IntArray array = array(sizes);
        WorkGroup.run(
                groups,
                TensorProductKernel.LANES,
                item -> RoundedProductKernel.ffRoundedProduct(item, weights.get(source), memory, array));
    }

    @Override
    public int compilations() {
        return 0;
    }

    @Override
    public void close() {
        // The garbage collector frees the arrays.
    }

    private static void forItems(long x, long y, int groupX, int groupY, Consumer<KernelContext> kernel) {
        var item = new WorkItem();
        long endX = Math.ceilDiv(x, (long) groupX) * groupX;
        long endY = Math.ceilDiv(y, (long) groupY) * groupY;
        for (int j = 0; j < endY; j++) {
            for (int i = 0; i < endX; i++) {
                item.place(i, j, groupX);
                kernel.accept(item);
            }
        }
    }

    private IntArray array(Stage stage) {
        return Objects.requireNonNull(outgoing.get(stage));
    }

    private static IntArray array(int... values) {
        var array = new IntArray(MOST_SIZES);
        for (int i = 0; i < values.length; i++) {
            array.set(i, values[i]);
        }
        return array;
    }
}
