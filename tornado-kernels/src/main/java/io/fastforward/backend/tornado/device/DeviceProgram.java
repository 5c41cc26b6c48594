package io.fastforward.backend.tornado.device;

import io.fastforward.backend.tornado.device.DeviceGraphs.Graph;
import io.fastforward.backend.tornado.device.DeviceGraphs.Step;
import io.fastforward.backend.tornado.device.DeviceGraphs.Work;
import io.fastforward.backend.tornado.device.LaunchSequences.Launch;
import io.fastforward.backend.tornado.device.LaunchSequences.Part;
import io.fastforward.backend.tornado.kernel.ExpandKernel;
import io.fastforward.backend.tornado.kernel.Kernel;
import io.fastforward.backend.tornado.kernel.KernelExecutor;
import io.fastforward.backend.tornado.kernel.PackKernels;
import io.fastforward.backend.tornado.kernel.Stage;
import io.fastforward.backend.tornado.kernel.TensorProductKernel;
import io.fastforward.backend.tornado.kernel.TransferKernels;
import io.fastforward.spi.backend.DeviceException;
import io.fastforward.spi.backend.Precision;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.TornadoVMBackendType;
import uk.ac.manchester.tornado.api.exceptions.TornadoExecutionPlanException;
import uk.ac.manchester.tornado.api.exceptions.TornadoOutOfMemoryException;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * The kernels on a device of TornadoVM: one graph for each kernel and, where a kernel reads or writes weights or a
 * stage, for each of these arrays; in bfloat16 graphs for launches that follow each other, too. A graph compiles when it is first used, and never again. The arrays that stay on the
 * device have no host memory behind them.
 */
public final class DeviceProgram implements KernelExecutor {

    /** Without the relaxed mathematics that is the default: weights and logits that are not finite must show. */
    private static final String OPENCL_FLAGS = "-cl-mad-enable -w";

    private final String description;
    private final DeviceCapacity capacity;
    private final boolean packs;
    private final Arena arena = Arena.ofShared();
    private final FloatArray memory;
    private final List<IntArray> weights;
    private final @Nullable Operands operands;
    private final IntArray sizes = new IntArray(MOST_SIZES);
    private final Map<Stage, IntArray> outgoing = new EnumMap<>(Stage.class);
    private final Map<Stage, FloatArray> incoming = new EnumMap<>(Stage.class);
    private final Set<Graph> compiled = ConcurrentHashMap.newKeySet();
    private final Graph claimMemory;
    private final WeightGraphs weightGraphs;
    private final Map<Kernel, Part> kernels = new EnumMap<>(Kernel.class);

    private final LaunchSequences sequences;

    /** Launches that wait for those that follow them. */
    private final List<Launch> waiting = new ArrayList<>();

    private boolean gathering;

    private final Set<Integer> onTheirWay = new HashSet<>();

    /** Ends when all uploads that were begun before have ended: they are in one queue. */
    private final Graph arrival;

    private final Map<Stage, Graph> stagedExpansions = new EnumMap<>(Stage.class);
    private final Map<Stage, Graph> fetches = new EnumMap<>(Stage.class);
    private final TornadoExecutionPlan plan;
    private final ReentrantLock turn = new ReentrantLock(true);
    private final Thread opener = Thread.currentThread();
    private final ExecutorService uploader = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("device-uploads").factory());
    private boolean closed;

    /** What works on the operands of products on tensor cores. */
    private record Operands(Graph claim, Graph packInputs, Graph packWeights, Graph multiply) {}

    /**
     * A program for a device.
     *
     * @param capacity with room for the operands of tensor cores only if the device has some: the CUDA backend alone
     * @param precision {@link Precision#BFLOAT16}: weights are packed, which needs tensor cores, too, but no operands
     * @throws DeviceException if the device does not take it
     */
    public DeviceProgram(TornadoDevice device, String description, DeviceCapacity capacity, Precision precision) {
        this.description = description;
        this.capacity = capacity;
        this.packs = precision == Precision.BFLOAT16;
        this.memory = FloatArray.fromSegmentShallow(withoutHostMemory(capacity.memoryElements()));
        List<IntArray> arrays = new ArrayList<>();
        for (int i = 0; i < capacity.weightArrays(); i++) {
            arrays.add(IntArray.fromSegmentShallow(withoutHostMemory(capacity.weightElements())));
        }
        this.weights = List.copyOf(arrays);
        IntArray operandArray = IntArray.fromSegmentShallow(withoutHostMemory(capacity.operandElements()));
        boolean tensorCores = capacity.operandElements() > 0;
        List<Object> resident = new ArrayList<>(weights);
        resident.add(memory);
        if (tensorCores) {
            resident.add(operandArray);
        }
        var graphs = new DeviceGraphs(resident, sizes);
        for (Stage stage : Stage.values()) {
            outgoing.put(stage, new IntArray(stage.elements()));
            incoming.put(stage, new FloatArray(stage.elements()));
        }
        try {
            claimMemory = graphs.claim("claimMemory", TransferKernels::ffClaimMemory, memory);
            for (Kernel kernel : Kernel.values()) {
                String name = kernel.name().toLowerCase(Locale.ROOT);
                Work work = Work.within(kernel.code(), memory, kernel.groupX(), kernel.groupY());
                kernels.put(kernel, new Part(graphs.single(name, work), work));
            }
            weightGraphs = WeightGraphs.of(graphs, arrivalOfWeights(device), weights, memory, array(Stage.SMALL));
            addStageGraphs(graphs);
            arrival = graphs.answer("arrival", TransferKernels::ffArrive, new IntArray(MOST_SIZES));
            operands = tensorCores ? operands(graphs, operandArray) : null;
            sequences = packs
                    ? LaunchSequences.of(graphs, kernels, weightGraphs.products())
                    : new LaunchSequences(Map.of());
            plan = graphs.plan(device);
            plan.withCompilerFlags(TornadoVMBackendType.OPENCL, OPENCL_FLAGS);
        } catch (RuntimeException | Error e) {
            arena.close();
            throw failure(e);
        }
        try {
            run(claimMemory, 1, 1, 1);
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    /** An array for the device alone: of the host's memory it has but its header. No transfer may ever name it. */
    private MemorySegment withoutHostMemory(int elements) {
        long header = TornadoNativeArray.ARRAY_HEADER;
        return arena.allocate(header, header).reinterpret(header + (long) elements * Float.BYTES);
    }

    /** Without tensor cores weights can be packed, too. */
    private WeightGraphs.Arrival arrivalOfWeights(TornadoDevice device) {
        if (!packs) {
            return WeightGraphs.Arrival.STORED;
        }
        return device.getTornadoVMBackend() == TornadoVMBackendType.CUDA
                ? WeightGraphs.Arrival.MULTIPLIED
                : WeightGraphs.Arrival.PACKED;
    }

    private void addStageGraphs(DeviceGraphs graphs) {
        for (Stage stage : Stage.values()) {
            stagedExpansions.put(
                    stage, graphs.bring("expand" + letters(stage), ExpandKernel::ffExpand, array(stage), memory));
            fetches.put(
                    stage,
                    graphs.fetch(
                            "fetch" + letters(stage), TransferKernels::ffFetch, memory, required(incoming.get(stage))));
        }
    }

    private Operands operands(DeviceGraphs graphs, IntArray array) {
        return new Operands(
                graphs.claim("claimOperands", TransferKernels::ffClaimWeights, array),
                graphs.single("packInputs", Work.between(PackKernels::ffPackInputs, memory, array, GROUP)),
                graphs.single("packWeights", Work.between(PackKernels::ffPackWeights, memory, array, GROUP)),
                graphs.single(
                        "tensorProduct",
                        Work.between(TensorProductKernel::ffTensorProduct, array, memory, TensorProductKernel.LANES)));
    }

    private IntArray array(Stage stage) {
        return required(outgoing.get(stage));
    }

    /** There is one for every constant. */
    private static <T> T required(@Nullable T value) {
        return Objects.requireNonNull(value);
    }

    private static String letters(Stage stage) {
        return stage == Stage.SMALL ? "Small" : "Large";
    }

    /**
     * Runs a graph. Its answer waits for the device, so that host arrays may change and failures show where they are.
     * TornadoVM keeps a queue for every thread for ever, so there are two: that of the thread which computes, and one for
     * all who load.
     */
    private void run(Graph graph, long x, long y, int... values) {
        List<Launch> launch = List.of(new Launch(graph, x, y, values));
        if (Thread.currentThread().equals(opener)) {
            runWaiting();
            runHere(graph, launch);
            return;
        }
        try {
            uploader.submit(() -> runHere(graph, launch)).get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DeviceException("loading to " + description + " was interrupted", e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException failure) {
                throw failure;
            }
            if (e.getCause() instanceof Error error) {
                throw error;
            }
            throw new IllegalStateException(e);
        }
    }

    /** A launch of the thread that computes, which may wait for those that follow it. */
    private void launch(Graph graph, long x, long y, int... values) {
        if (gathering && Thread.currentThread().equals(opener)) {
            waiting.add(new Launch(graph, x, y, values));
        } else {
            run(graph, x, y, values);
        }
    }

    @Override
    public void together(Runnable launches) {
        gathering = packs;
        try {
            launches.run();
            runWaiting();
        } finally {
            gathering = false;
            waiting.clear();
        }
    }

    private void runWaiting() {
        if (!waiting.isEmpty()) {
            List<Launch> launches = List.copyOf(waiting);
            waiting.clear();
            sequences.play(launches, this::runHere);
        }
    }

    private void runHere(Graph graph, List<Launch> launches) {
        turn.lock();
        try {
            for (int i = 0; i < launches.size(); i++) {
                prepare(graph.steps().get(i), launches.get(i));
            }
            execute(graph);
            // On CUDA TornadoVM prints that a kernel did not start, and goes on.
            if (graph.answers()
                    && graph.steps().stream().anyMatch(step -> step.sizes().get(DONE) != 1)) {
                throw new DeviceException(
                        description + " did not run '" + graph.name()
                                + "' (TornadoVM may have printed why); use another device, or the CPU",
                        null);
            }
            compiled.add(graph);
        } finally {
            turn.unlock();
        }
    }

    private static void prepare(Step step, Launch launch) {
        for (int i = 0; i < launch.sizes().length; i++) {
            step.sizes().set(i, launch.sizes()[i]);
        }
        step.sizes().set(DONE, 0);
        step.grid()
                .setGlobalWork(
                        Math.ceilDiv(launch.x(), (long) step.groupX()) * step.groupX(),
                        Math.ceilDiv(launch.y(), (long) step.groupY()) * step.groupY(),
                        1);
    }

    private void execute(Graph graph) {
        try {
            plan.withGraph(graph.index()).execute();
        } catch (RuntimeException | Error e) {
            throw failure(e, graph.name());
        }
    }

    private RuntimeException failure(Throwable e, String what) {
        Throwable cause = e;
        while (cause.getCause() != null && !(cause instanceof TornadoOutOfMemoryException)) {
            cause = cause.getCause();
        }
        if (cause instanceof TornadoOutOfMemoryException) {
            OutOfMemoryError full =
                    new OutOfMemoryError(description + " has no room for its arrays: give TornadoVM more"
                            + " with -Dtornado.device.memory, or use the CPU");
            full.initCause(e);
            throw full;
        }
        String reason = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
        return new DeviceException(
                description + " failed in '" + what + "': " + e.getClass().getSimpleName() + ": " + reason
                        + "; use another device, or the CPU",
                e);
    }

    private RuntimeException failure(Throwable e) {
        return failure(e, "preparing the kernels");
    }

    @Override
    public String description() {
        return description;
    }

    @Override
    public int memoryElements() {
        return capacity.memoryElements();
    }

    @Override
    public int weightArrays() {
        return capacity.weightArrays();
    }

    @Override
    public int weightElements() {
        return capacity.weightElements();
    }

    @Override
    public MemorySegment outgoing(Stage stage) {
        return array(stage).getSegment();
    }

    @Override
    public MemorySegment incoming(Stage stage) {
        return required(incoming.get(stage)).getSegment();
    }

    @Override
    public void launch(Kernel kernel, long x, long y, int... values) {
        launch(required(kernels.get(kernel)).graph(), x, y, values);
    }

    @Override
    public void expand(int source, long x, long y, int... values) {
        run(
                source < 0
                        ? required(stagedExpansions.get(Stage.of(source)))
                        : weightGraphs.expansions().get(source),
                x,
                y,
                values);
    }

    @Override
    public void store(int array, int count, int offset) {
        requirePacking(false);
        claim(array);
        run(weightGraphs.stores().get(array), count, 1, count, offset);
    }

    private void claim(int array) {
        Graph claim = weightGraphs.claims().get(array);
        if (!compiled.contains(claim)) {
            run(claim, 1, 1, 1);
        }
    }

    @Override
    public int uploadElements() {
        return WeightGraphs.UPLOAD_ELEMENTS;
    }

    @Override
    public MemorySegment uploadBuffer(int buffer) {
        if (onTheirWay.contains(buffer)) {
            finishUploads();
        }
        return weightGraphs.uploads().get(buffer).buffer().getSegment();
    }

    @Override
    public void upload(int buffer, int array, int count, int offset) {
        requirePacking(false);
        upload(buffer, array, count, 1, count, offset);
    }

    private void upload(int buffer, int array, long x, long y, int... values) {
        claim(array);
        run(weightGraphs.uploads().get(buffer).stores().get(array), x, y, values);
        onTheirWay.add(buffer);
    }

    @Override
    public boolean packsWeights() {
        return packs;
    }

    @Override
    public void pack(int source, int array, long x, long y, int... values) {
        requirePacking(true);
        if (source >= 0) {
            upload(source, array, x, y, values);
        } else {
            claim(array);
            run(weightGraphs.stores().get(array), x, y, values);
        }
    }

    @Override
    public void multiplyPacked(int array, int groups, int... values) {
        requirePacking(true);
        launch(weightGraphs.products().get(array).graph(), (long) groups * TensorProductKernel.LANES, 1, values);
    }

    private void requirePacking(boolean required) {
        if (packs != required) {
            throw new IllegalStateException(
                    description + (packs ? " packs weights and stores none" : " stores weights and packs none"));
        }
    }

    @Override
    public void finishUploads() {
        if (!onTheirWay.isEmpty()) {
            run(arrival, 1, 1);
            onTheirWay.clear();
        }
    }

    @Override
    public void fetch(Stage stage, int rows, int columns, int start, int row) {
        run(required(fetches.get(stage)), columns, rows, rows, columns, start, row);
    }

    @Override
    public int operandElements() {
        return operands == null ? 0 : capacity.operandElements();
    }

    @Override
    public void packInputs(long x, long y, int... values) {
        run(claimedOperands().packInputs, x, y, values);
    }

    @Override
    public void packWeights(long x, long y, int... values) {
        run(claimedOperands().packWeights, x, y, values);
    }

    @Override
    public void multiply(int groups, int... values) {
        run(claimedOperands().multiply, (long) groups * TensorProductKernel.LANES, 1, values);
    }

    private Operands claimedOperands() {
        Operands found = required(operands);
        if (!compiled.contains(found.claim)) {
            run(found.claim, 1, 1, 1);
        }
        return found;
    }

    @Override
    public int compilations() {
        return compiled.size();
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            uploader.shutdown();
            try {
                plan.withAllGraphs();
                plan.close();
            } catch (TornadoExecutionPlanException | RuntimeException e) {
                throw new DeviceException(description + " did not give its memory back: " + e.getMessage(), e);
            } finally {
                arena.close();
            }
        }
    }
}
