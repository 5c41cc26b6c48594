package io.fastforward.backend.tornado;

import io.fastforward.spi.backend.BatchShape;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.DeviceMatrix;
import io.fastforward.spi.backend.KeyValueCache;
import io.fastforward.spi.backend.LoadedHead;
import io.fastforward.spi.backend.LoadedModule;
import io.fastforward.spi.backend.Moments;
import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.HeadWeights;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.model.WeightShapes;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** The contract on a device that runs kernels. Arguments are checked before any work starts. */
final class TornadoBackend implements ComputeBackend {

    private final KernelExecutor executor;
    private final DeviceMemory memory;
    private final RotaryTables rotaryTables;
    private final FeatureComputation computation;
    private boolean closed;

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
    public boolean loadsWhileComputing() {
        return true;
    }

    @Override
    public DeviceMatrix allocate(int rows, int columns) {
        requireOpen();
        if (rows < 1 || columns < 1) {
            throw new IllegalArgumentException(
                    "a matrix has at least one row and one column, but " + rows + " × " + columns + " was asked for");
        }
        ArgumentChecks.requireFitsGrid(rows);
        return new TornadoMatrix(this, memory.takeZeroed(rows, columns), rows, columns);
    }

    @Override
    public void write(Matrix source, DeviceMatrix target, int firstRow) {
        TornadoMatrix matrix = own(target);
        ArgumentChecks.requireWritable(source, matrix, firstRow);
        memory.write(source, matrix.start() + firstRow * matrix.columns(), matrix.columns());
    }

    @Override
    public void read(DeviceMatrix source, int firstRow, Matrix target) {
        TornadoMatrix matrix = own(source);
        ArgumentChecks.requireReadable(matrix, firstRow, target);
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
        requireOpen();
        WeightShapes.require(spec, weights);
        return new TornadoModule(this, memory, spec, weights);
    }

    @Override
    public void replaceOutput(LoadedModule module, Linear output) {
        TornadoModule loaded = own(TornadoModule.class, "loaded module", module);
        ArgumentChecks.requireReplacement(loaded.spec(), output.weight());
        loaded.output().replace(output);
    }

    @Override
    public void features(LoadedModule module, int units, BatchShape batch, DeviceMatrix hidden, DeviceMatrix features) {
        TornadoModule loaded = own(TornadoModule.class, "loaded module", module);
        TornadoMatrix input = own(hidden);
        TornadoMatrix output = own(features);
        ArgumentChecks.requireBatch(loaded.spec(), units, batch.rows(), input, output);
        computation.features(loaded, units, batch, input, output);
    }

    @Override
    public KeyValueCache keyValueCache(LoadedModule attention, int units, int capacity) {
        TornadoModule module = own(TornadoModule.class, "loaded module", attention);
        AttentionSpec spec = ArgumentChecks.requireCacheable(module.spec(), units, capacity);
        int width = spec.groups(units) * spec.headSize();
        Region keys = memory.take(capacity, width);
        try {
            return new TornadoKeyValueCache(module, units, capacity, keys, memory.take(capacity, width));
        } catch (Throwable e) {
            keys.close();
            throw e;
        }
    }

    @Override
    public void nextFeatures(KeyValueCache cache, int rows, DeviceMatrix hidden, DeviceMatrix features) {
        TornadoKeyValueCache kept = own(TornadoKeyValueCache.class, "cache", cache);
        TornadoModule module = own(TornadoModule.class, "loaded module", kept.module());
        TornadoMatrix input = own(hidden);
        TornadoMatrix output = own(features);
        ArgumentChecks.requireBatch(module.spec(), kept.units(), rows, input, output);
        ArgumentChecks.requireRoom(kept, rows);
        computation.nextFeatures(kept, rows, input, output);
    }

    @Override
    public void project(LoadedModule module, int units, int rows, DeviceMatrix features, DeviceMatrix hidden) {
        TornadoModule loaded = own(TornadoModule.class, "loaded module", module);
        TornadoMatrix input = own(features);
        TornadoMatrix output = own(hidden);
        ArgumentChecks.requireBatch(loaded.spec(), units, rows, output, input);
        computation.project(loaded, units, rows, input, output);
    }

    @Override
    public Optional<double[]> outputMagnitudes(LoadedModule module) {
        return Optional.of(
                own(TornadoModule.class, "loaded module", module).output().magnitudes());
    }

    @Override
    public LoadedHead loadHead(HeadWeights weights) {
        requireOpen();
        WeightShapes.require(weights);
        return new TornadoHead(this, memory, weights);
    }

    @Override
    public void logLikelihood(LoadedHead head, DeviceMatrix hidden, int[] targets, double[] result) {
        TornadoHead loaded = own(TornadoHead.class, "loaded head", head);
        TornadoMatrix input = own(hidden);
        ArgumentChecks.requireTargets(loaded, input, targets, result);
        loaded.logLikelihood(input, targets, result);
    }

    @Override
    public void logits(LoadedHead head, DeviceMatrix hidden, int firstRow, Matrix result) {
        TornadoHead loaded = own(TornadoHead.class, "loaded head", head);
        TornadoMatrix input = own(hidden);
        ArgumentChecks.requireLogits(loaded, input, firstRow, result);
        loaded.logits(input, firstRow, result);
    }

    @Override
    public Moments moments(Moment kind, int leftWidth, int rightWidth) {
        requireOpen();
        if (leftWidth < 1 || (kind == Moment.CROSS_GRAM && rightWidth < 1)) {
            throw new IllegalArgumentException(
                    "moments need widths of at least 1, but got " + leftWidth + " and " + rightWidth);
        }
        return new TornadoMoments(this, memory, kind, leftWidth, kind == Moment.CROSS_GRAM ? rightWidth : leftWidth);
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            rotaryTables.close();
            executor.close();
        }
    }

    void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the backend is closed");
        }
    }

    /** The matrix as one of this backend, open. */
    TornadoMatrix own(DeviceMatrix matrix) {
        return own(TornadoMatrix.class, "matrix", matrix);
    }

    @SuppressWarnings("ReferenceEquality") // the very backend that handed it out is meant
    private <T extends OwnedObject> T own(Class<T> type, String name, Object object) {
        requireOpen();
        if (!type.isInstance(object) || type.cast(object).owner() != this) {
            throw new IllegalArgumentException("the " + name + " belongs to another backend");
        }
        if (!type.cast(object).isOpen()) {
            throw new IllegalStateException("the " + name + " is closed");
        }
        return type.cast(object);
    }
}
