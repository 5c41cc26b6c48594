package io.fastforward.backend.tornado;

import io.fastforward.backend.tornado.device.DeviceMemory;
import io.fastforward.backend.tornado.kernel.KernelExecutor;
import io.fastforward.spi.backend.BatchShape;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.DeviceException;
import io.fastforward.spi.backend.DeviceMatrix;
import io.fastforward.spi.backend.KeyValueCache;
import io.fastforward.spi.backend.LoadedHead;
import io.fastforward.spi.backend.LoadedModule;
import io.fastforward.spi.backend.Moments;
import io.fastforward.spi.backend.Precision;
import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.model.HeadWeights;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** The contract on a device that runs kernels. */
final class TornadoBackend implements ComputeBackend {

    private final KernelExecutor executor;
    private final DeviceMemory memory;
    private final RotaryTables rotaryTables;
    private final FeatureComputation computation;

    /** A backend that closes the executor at its end. */
    TornadoBackend(KernelExecutor executor) {
        this.executor = executor;
        this.memory = new DeviceMemory(executor);
        this.rotaryTables = new RotaryTables(memory);
        this.computation = new FeatureComputation(memory, rotaryTables);
    }

    /** How many kernels have been compiled so far. */
    int compilations() {
        return executor.compilations();
    }

    @Override
    public Precision precision() {
        return executor.packsWeights() ? Precision.BFLOAT16 : Precision.SINGLE;
    }

    @Override
    public String device() {
        return executor.description();
    }

    @Override
    public long matrixBytes() {
        return memory.capacityBytes();
    }

    @Override
    public long weightBytes() {
        return (long) executor.weightArrays() * executor.weightElements() * Integer.BYTES;
    }

    @Override
    public int bytesPerWeight() {
        return executor.packsWeights() ? Short.BYTES : Float.BYTES;
    }

    @Override
    public boolean loadsWhileComputing() {
        return true;
    }

    @Override
    public DeviceMatrix allocate(int rows, int columns) {
        requireFitsGrid(rows);
        return new TornadoMatrix(memory.takeZeroed(rows, columns), rows, columns);
    }

    /** Kernels have a row of work-items for each token; a GPU has no more. */
    private static void requireFitsGrid(int rows) {
        if (rows > KernelExecutor.MOST_ROWS) {
            throw new DeviceException(
                    rows + " tokens at once are too many for a GPU; use windows of at most " + KernelExecutor.MOST_ROWS
                            + ", or the CPU",
                    null);
        }
    }

    @Override
    public void write(Matrix source, DeviceMatrix target, int firstRow) {
        var matrix = (TornadoMatrix) target;
        memory.write(source, matrix.start() + firstRow * matrix.columns(), matrix.columns());
    }

    @Override
    public void read(DeviceMatrix source, int firstRow, Matrix target) {
        var matrix = (TornadoMatrix) source;
        memory.read(
                matrix.start() + firstRow * matrix.columns(),
                matrix.columns(),
                target.rows(),
                target.columns(),
                (row, segment, offset) -> MemorySegment.copy(
                        segment,
                        offset,
                        target.data(),
                        row * target.rowStride() * Float.BYTES,
                        (long) target.columns() * Float.BYTES));
    }

    @Override
    public LoadedModule load(ModuleSpec spec, ModuleWeights weights) {
        return new TornadoModule(memory, spec, weights);
    }

    @Override
    public void replace(LoadedModule module, MapRole role, Linear map) {
        ((TornadoModule) module).map(role).replace(map);
    }

    @Override
    public void input(LoadedModule module, int rows, DeviceMatrix hidden, DeviceMatrix target) {
        computation.input((TornadoModule) module, rows, (TornadoMatrix) hidden, (TornadoMatrix) target);
    }

    @Override
    public void features(LoadedModule module, int units, BatchShape batch, DeviceMatrix hidden, DeviceMatrix features) {
        executor.together(() -> computation.features(
                (TornadoModule) module, units, batch, (TornadoMatrix) hidden, (TornadoMatrix) features));
    }

    @Override
    public KeyValueCache keyValueCache(LoadedModule attention, int units, int capacity) {
        return new TornadoKeyValueCache(memory, (TornadoModule) attention, units, capacity);
    }

    @Override
    public void nextFeatures(KeyValueCache cache, int rows, DeviceMatrix hidden, DeviceMatrix features) {
        executor.together(() -> computation.nextFeatures(
                (TornadoKeyValueCache) cache, rows, (TornadoMatrix) hidden, (TornadoMatrix) features));
    }

    @Override
    public void project(LoadedModule module, int units, int rows, DeviceMatrix features, DeviceMatrix hidden) {
        executor.together(() -> computation.project(
                (TornadoModule) module, units, rows, (TornadoMatrix) features, (TornadoMatrix) hidden));
    }

    @Override
    public void apply(LoadedModule module, int units, BatchShape batch, DeviceMatrix hidden, DeviceMatrix scratch) {
        var loaded = (TornadoModule) module;
        var states = (TornadoMatrix) hidden;
        var features = (TornadoMatrix) scratch;
        executor.together(() -> {
            computation.features(loaded, units, batch, states, features);
            computation.project(loaded, units, batch.rows(), features, states);
        });
    }

    @Override
    public Optional<double[]> outputMagnitudes(LoadedModule module) {
        return ((TornadoModule) module).output().magnitudes();
    }

    @Override
    public LoadedHead loadHead(HeadWeights weights) {
        return new TornadoHead(memory, weights);
    }

    @Override
    public void logLikelihood(LoadedHead head, DeviceMatrix hidden, int[] targets, double[] result) {
        ((TornadoHead) head).logLikelihood((TornadoMatrix) hidden, targets, result);
    }

    @Override
    public void logits(LoadedHead head, DeviceMatrix hidden, int firstRow, Matrix result) {
        ((TornadoHead) head).logits((TornadoMatrix) hidden, firstRow, result);
    }

    @Override
    public Moments moments(Moment kind, int leftWidth, int rightWidth) {
        return new TornadoMoments(memory, kind, leftWidth, rightWidth);
    }

    @Override
    public void close() {
        rotaryTables.close();
        executor.close();
    }
}
