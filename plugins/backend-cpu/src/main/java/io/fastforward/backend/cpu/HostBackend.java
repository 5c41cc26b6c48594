package io.fastforward.backend.cpu;

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
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.MemorySegment;

/**
 * What the backends in host memory share: matrices, and the checks of every argument before any work starts. What is
 * behind the checks may rely on them.
 */
abstract class HostBackend implements ComputeBackend {

    private volatile boolean closed;

    @Override
    public final DeviceMatrix allocate(int rows, int columns) {
        requireOpen();
        return new HostMatrix(this, rows, columns);
    }

    @Override
    public final void write(Matrix source, DeviceMatrix target, int firstRow) {
        HostMatrix matrix = own(target);
        require(
                source.columns() == matrix.columns() && fits(firstRow, source.rows(), matrix.rows()),
                "cannot write",
                shape(source),
                "to a matrix of " + shape(matrix) + " from row " + firstRow);
        long first = (long) firstRow * matrix.columns();
        widen(source, matrix.data(), first);
    }

    @Override
    public final void read(DeviceMatrix source, int firstRow, Matrix target) {
        HostMatrix matrix = own(source);
        require(
                target.type() == DataType.F32
                        && target.columns() <= matrix.columns()
                        && fits(firstRow, target.rows(), matrix.rows()),
                "cannot read",
                shape(target) + " of " + target.type(),
                "from a matrix of " + shape(matrix) + " of F32 from row " + firstRow);
        for (int row = 0; row < target.rows(); row++) {
            MemorySegment.copy(
                    matrix.data(),
                    (long) (firstRow + row) * matrix.columns() * Float.BYTES,
                    target.data(),
                    row * target.rowStride() * Float.BYTES,
                    (long) target.columns() * Float.BYTES);
        }
    }

    @Override
    public final LoadedModule load(ModuleSpec spec, ModuleWeights weights) {
        requireOpen();
        WeightShapes.require(spec, weights);
        return loadChecked(spec, weights);
    }

    @Override
    public final void replaceOutput(LoadedModule module, Linear output) {
        HostModule loaded = own(module);
        ModuleSpec spec = loaded.spec();
        Matrix weight = output.weight();
        require(
                weight.rows() == spec.hiddenSize()
                        && weight.columns() >= 1
                        && weight.columns() <= spec.features(spec.units())
                        && weight.columns() % spec.featuresPerUnit() == 0,
                "an output map of",
                shape(weight),
                "does not fit a module of " + spec.hiddenSize() + " hidden and " + spec.units() + " units of "
                        + spec.featuresPerUnit() + " features");
        loaded.replaceOutput(output);
    }

    @Override
    public final void features(
            LoadedModule module, int units, BatchShape batch, DeviceMatrix hidden, DeviceMatrix features) {
        HostModule loaded = own(module);
        HostMatrix input = own(hidden);
        HostMatrix output = own(features);
        requireBatch(loaded, units, batch.rows(), input, output);
        computeFeatures(loaded, units, batch, input, output);
    }

    @Override
    public final KeyValueCache keyValueCache(LoadedModule attention, int units, int capacity) {
        HostModule module = own(attention);
        if (!(module.spec() instanceof AttentionSpec spec)) {
            throw new IllegalArgumentException("only attention has keys and values to keep");
        }
        requireUnits(spec, units);
        if (capacity < 1) {
            throw new IllegalArgumentException("a cache holds at least 1 token, but the capacity is " + capacity);
        }
        return newKeyValueCache(module, spec, units, capacity);
    }

    @Override
    public final void nextFeatures(KeyValueCache cache, int rows, DeviceMatrix hidden, DeviceMatrix features) {
        HostKeyValueCache kept = own(HostKeyValueCache.class, "cache", cache);
        HostModule module = own((LoadedModule) kept.module());
        HostMatrix input = own(hidden);
        HostMatrix output = own(features);
        requireBatch(module, kept.units(), rows, input, output);
        if (rows > kept.capacity() - kept.length()) {
            throw new IllegalArgumentException(rows + " more tokens do not fit a cache that holds " + kept.length()
                    + " of at most " + kept.capacity());
        }
        computeNextFeatures(module, (AttentionSpec) module.spec(), kept, rows, input, output);
    }

    @Override
    public final void project(LoadedModule module, int units, int rows, DeviceMatrix features, DeviceMatrix hidden) {
        HostModule loaded = own(module);
        HostMatrix input = own(features);
        HostMatrix output = own(hidden);
        requireBatch(loaded, units, rows, output, input);
        computeProjection(loaded, units, rows, input, output);
    }

    @Override
    public final LoadedHead loadHead(HeadWeights weights) {
        requireOpen();
        WeightShapes.require(weights);
        return loadCheckedHead(weights);
    }

    @Override
    public final void logLikelihood(LoadedHead head, DeviceMatrix hidden, int[] targets, double[] result) {
        HostHead loaded = own(head);
        HostMatrix input = own(hidden);
        require(
                targets.length <= input.rows() && targets.length == result.length,
                targets.length + " targets and " + result.length + " results do not fit a hidden state of",
                shape(input),
                "");
        requireWidth(loaded, input);
        for (int target : targets) {
            if (target >= loaded.vocabulary()) {
                throw new IllegalArgumentException(
                        "target " + target + " is outside the vocabulary of " + loaded.vocabulary());
            }
        }
        computeLogLikelihood(loaded, input, targets, result);
    }

    @Override
    public final void logits(LoadedHead head, DeviceMatrix hidden, int firstRow, Matrix result) {
        HostHead loaded = own(head);
        HostMatrix input = own(hidden);
        require(
                result.type() == DataType.F32
                        && result.columns() == loaded.vocabulary()
                        && fits(firstRow, result.rows(), input.rows()),
                "logits of",
                shape(result) + " of " + result.type(),
                "do not fit a vocabulary of " + loaded.vocabulary() + " and a hidden state of " + shape(input)
                        + " from row " + firstRow);
        requireWidth(loaded, input);
        computeLogits(loaded, input, firstRow, result);
    }

    @Override
    public final Moments moments(Moment kind, int leftWidth, int rightWidth) {
        requireOpen();
        if (leftWidth < 1 || (kind == Moment.CROSS_GRAM && rightWidth < 1)) {
            throw new IllegalArgumentException(
                    "moments need widths of at least 1, but got " + leftWidth + " and " + rightWidth);
        }
        return newMoments(kind, leftWidth, kind == Moment.CROSS_GRAM ? rightWidth : leftWidth);
    }

    /** Loads a module whose weights fit. */
    abstract HostModule loadChecked(ModuleSpec spec, ModuleWeights weights);

    abstract HostHead loadCheckedHead(HeadWeights weights);

    abstract void computeFeatures(
            HostModule module, int units, BatchShape batch, HostMatrix hidden, HostMatrix features);

    abstract HostKeyValueCache newKeyValueCache(HostModule attention, AttentionSpec spec, int units, int capacity);

    /** Also counts the rows in the cache. */
    abstract void computeNextFeatures(
            HostModule module,
            AttentionSpec spec,
            HostKeyValueCache cache,
            int rows,
            HostMatrix hidden,
            HostMatrix features);

    abstract void computeProjection(HostModule module, int units, int rows, HostMatrix features, HostMatrix hidden);

    abstract void computeLogLikelihood(HostHead head, HostMatrix hidden, int[] targets, double[] result);

    abstract void computeLogits(HostHead head, HostMatrix hidden, int firstRow, Matrix result);

    abstract Moments newMoments(Moment kind, int leftWidth, int rightWidth);

    /** Converts a host matrix to single precision, to consecutive elements of {@code target}. */
    abstract void widen(Matrix source, MemorySegment target, long firstElement);

    @Override
    public void close() {
        closed = true;
    }

    final boolean isOpen() {
        return !closed;
    }

    final void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the backend is closed");
        }
    }

    /** The matrix as one of this backend, open. */
    final HostMatrix own(DeviceMatrix matrix) {
        return own(HostMatrix.class, "matrix", matrix);
    }

    private HostModule own(LoadedModule module) {
        return own(HostModule.class, "loaded module", module);
    }

    private HostHead own(LoadedHead head) {
        return own(HostHead.class, "loaded head", head);
    }

    @SuppressWarnings("ReferenceEquality") // the very backend that handed it out is meant
    private <T extends HostObject> T own(Class<T> type, String name, Object object) {
        requireOpen();
        if (!type.isInstance(object) || type.cast(object).owner() != this) {
            throw new IllegalArgumentException("the " + name + " belongs to another backend");
        }
        if (!type.cast(object).isOpen()) {
            throw new IllegalStateException("the " + name + " is closed");
        }
        return type.cast(object);
    }

    private static void requireBatch(HostModule module, int units, int rows, HostMatrix hidden, HostMatrix features) {
        ModuleSpec spec = module.spec();
        requireUnits(spec, units);
        require(
                rows >= 1 && rows <= hidden.rows() && spec.hiddenSize() == hidden.columns(),
                "a hidden state of",
                shape(hidden),
                "does not hold " + rows + " × " + spec.hiddenSize());
        require(
                rows <= features.rows() && spec.features(units) <= features.columns(),
                "a feature matrix of",
                shape(features),
                "does not hold " + rows + " × " + spec.features(units));
        if (hidden == features) {
            throw new IllegalArgumentException("hidden state and features are the same matrix");
        }
    }

    private static void requireUnits(ModuleSpec spec, int units) {
        if (units < 1 || units > spec.units()) {
            throw new IllegalArgumentException(
                    units + " active units, but the module has " + spec.units() + " and needs at least 1");
        }
    }

    private static void requireWidth(HostHead head, HostMatrix hidden) {
        require(
                head.hiddenSize() == hidden.columns(),
                "a hidden state of",
                shape(hidden),
                "does not fit a head of " + head.vocabulary() + " × " + head.hiddenSize());
    }

    private static boolean fits(int first, int count, int rows) {
        return first >= 0 && first <= rows - count;
    }

    private static void require(boolean condition, String before, String shape, String after) {
        if (!condition) {
            throw new IllegalArgumentException((before + " " + shape + " " + after).strip());
        }
    }

    private static String shape(Matrix matrix) {
        return matrix.rows() + " × " + matrix.columns();
    }

    static String shape(HostMatrix matrix) {
        return matrix.rows() + " × " + matrix.columns();
    }
}
