package io.fastforward.spi.backend;

import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.Axis;
import io.fastforward.spi.model.Coupling;
import io.fastforward.spi.model.HeadWeights;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.model.MapShape;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.model.WeightShapes;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.DoubleMatrix;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * The one place where what a backend is given is checked: shapes and ranges, whose objects they are, and that nothing is
 * closed. Everything is refused before any work starts, so that the backend behind it may rely on its arguments.
 *
 * <p>Operations throw {@link IllegalArgumentException} for arguments that do not fit, which names what was given and what
 * was expected, {@link IllegalStateException} for what is closed, and what the backend throws. Closing again does nothing.
 */
public final class CheckedBackend implements ComputeBackend {

    private final ComputeBackend backend;
    private volatile boolean closed;

    /** Checks whatever is asked of a backend, which is closed with it. */
    public CheckedBackend(ComputeBackend backend) {
        this.backend = backend;
    }

    @Override
    public Precision precision() {
        return backend.precision();
    }

    @Override
    public String device() {
        return backend.device();
    }

    @Override
    public long matrixBytes() {
        return backend.matrixBytes();
    }

    @Override
    public long weightBytes() {
        return backend.weightBytes();
    }

    @Override
    public int bytesPerWeight() {
        return backend.bytesPerWeight();
    }

    @Override
    public boolean loadsWhileComputing() {
        return backend.loadsWhileComputing();
    }

    @Override
    public boolean computesInHostMemory() {
        return backend.computesInHostMemory();
    }

    @Override
    public DeviceMatrix allocate(int rows, int columns) {
        requireShape(rows, columns);
        return new OwnMatrix(backend.allocate(rows, columns), rows, columns);
    }

    @Override
    public DeviceMatrix allocate(int rows, int columns, HostMemory memory) {
        requireShape(rows, columns);
        return new OwnMatrix(backend.allocate(rows, columns, memory), rows, columns);
    }

    private void requireShape(int rows, int columns) {
        requireOpen();
        require(
                rows >= 1 && columns >= 1,
                () -> "a matrix has at least one row and one column, but " + rows + " × " + columns + " was asked for");
    }

    @Override
    public void write(Matrix source, DeviceMatrix target, int firstRow) {
        OwnMatrix matrix = own(target);
        require(
                source.columns() == matrix.columns && fits(firstRow, source.rows(), matrix.rows),
                () -> "cannot write " + shape(source) + " to a matrix of " + matrix + " from row " + firstRow);
        backend.write(source, matrix.object, firstRow);
    }

    @Override
    public void read(DeviceMatrix source, int firstRow, Matrix target) {
        OwnMatrix matrix = own(source);
        require(
                target.type() == DataType.F32
                        && target.columns() <= matrix.columns
                        && fits(firstRow, target.rows(), matrix.rows),
                () -> "cannot read " + shape(target) + " of " + target.type() + " from a matrix of " + matrix
                        + " of F32 from row " + firstRow);
        backend.read(matrix.object, firstRow, target);
    }

    @Override
    public LoadedModule load(ModuleSpec spec, ModuleWeights weights) {
        requireOpen();
        WeightShapes.require(spec, weights);
        return new OwnModule(backend.load(spec, weights), spec);
    }

    @Override
    public void replace(LoadedModule module, MapRole role, Linear map) {
        OwnModule loaded = own(module);
        requireReplacement(loaded.spec, loaded.spec.map(role), map);
        backend.replace(loaded.object, role, map);
    }

    private static void requireReplacement(ModuleSpec spec, MapShape whole, Linear map) {
        Matrix weight = map.weight();
        Optional<Coupling> coupling = spec.couplings().stream()
                .filter(one -> one.role() == whole.role())
                .findFirst();
        boolean byRows = coupling.filter(one -> one.axis() == Axis.ROWS).isPresent();
        int length = byRows ? whole.rows() : whole.columns();
        int unit = coupling.map(one -> one.width() * spec.partsPerUnit()).orElse(length);
        int given = byRows ? weight.rows() : weight.columns();
        boolean across = byRows ? weight.columns() == whole.columns() : weight.rows() == whole.rows();
        require(
                across && given >= 1 && given <= length && given % unit == 0,
                () -> "a map of " + shape(weight) + " does not replace the "
                        + whole.role().label() + " map of "
                        + whole.rows() + " × " + whole.columns() + ", of which a unit has " + unit
                        + (byRows ? " rows" : " columns"));
        require(
                map.bias() == null || whole.bias(),
                () -> "the " + whole.role().label() + " map has no bias, but its replacement has one");
    }

    @Override
    public void input(LoadedModule module, int rows, DeviceMatrix hidden, DeviceMatrix target) {
        OwnModule loaded = own(module);
        OwnMatrix from = own(hidden);
        OwnMatrix to = own(target);
        requireHidden(loaded.spec, rows, from);
        requireHolds("target", to, rows, loaded.spec.hiddenSize());
        require(from != to, () -> "hidden state and target are the same matrix");
        backend.input(loaded.object, rows, from.object, to.object);
    }

    @Override
    public void features(LoadedModule module, int units, BatchShape batch, DeviceMatrix hidden, DeviceMatrix features) {
        OwnModule loaded = own(module);
        OwnMatrix from = own(hidden);
        OwnMatrix to = own(features);
        requireBatch(loaded.spec, units, batch.rows(), from, to);
        backend.features(loaded.object, units, batch, from.object, to.object);
    }

    @Override
    public KeyValueCache keyValueCache(LoadedModule attention, int units, int capacity) {
        OwnModule loaded = own(attention);
        require(loaded.spec instanceof AttentionSpec, () -> "only attention has keys and values to keep");
        requireUnits(loaded.spec, units);
        require(capacity >= 1, () -> "a cache holds at least 1 token, but the capacity is " + capacity);
        return new OwnCache(backend.keyValueCache(loaded.object, units, capacity), loaded, units);
    }

    @Override
    public void nextFeatures(KeyValueCache cache, int rows, DeviceMatrix hidden, DeviceMatrix features) {
        OwnCache kept = own(OwnCache.class, "cache", cache);
        OwnModule module = own(kept.attention);
        OwnMatrix from = own(hidden);
        OwnMatrix to = own(features);
        requireBatch(module.spec, kept.units, rows, from, to);
        require(
                rows <= kept.capacity() - kept.length(),
                () -> rows + " more tokens do not fit a cache that holds " + kept.length() + " of at most "
                        + kept.capacity());
        backend.nextFeatures(kept.object, rows, from.object, to.object);
    }

    @Override
    public void project(LoadedModule module, int units, int rows, DeviceMatrix features, DeviceMatrix hidden) {
        OwnModule loaded = own(module);
        OwnMatrix from = own(features);
        OwnMatrix to = own(hidden);
        requireBatch(loaded.spec, units, rows, to, from);
        backend.project(loaded.object, units, rows, from.object, to.object);
    }

    @Override
    public Optional<double[]> outputMagnitudes(LoadedModule module) {
        return backend.outputMagnitudes(own(module).object);
    }

    @Override
    public void apply(LoadedModule module, int units, BatchShape batch, DeviceMatrix hidden, DeviceMatrix scratch) {
        OwnModule loaded = own(module);
        OwnMatrix state = own(hidden);
        OwnMatrix features = own(scratch);
        requireBatch(loaded.spec, units, batch.rows(), state, features);
        backend.apply(loaded.object, units, batch, state.object, features.object);
    }

    @Override
    public LoadedHead loadHead(HeadWeights weights) {
        requireOpen();
        WeightShapes.require(weights);
        return new OwnHead(backend.loadHead(weights), weights.head().weight());
    }

    @Override
    public void logLikelihood(LoadedHead head, DeviceMatrix hidden, int[] targets, double[] result) {
        OwnHead loaded = own(OwnHead.class, "loaded head", head);
        OwnMatrix state = own(hidden);
        require(
                targets.length <= state.rows && targets.length == result.length,
                () -> targets.length + " targets and " + result.length + " results do not fit a hidden state of "
                        + state);
        requireWidth(loaded, state);
        for (int target : targets) {
            require(
                    target < loaded.vocabulary,
                    () -> "target " + target + " is outside the vocabulary of " + loaded.vocabulary);
        }
        backend.logLikelihood(loaded.object, state.object, targets, result);
    }

    @Override
    public void logits(LoadedHead head, DeviceMatrix hidden, int firstRow, Matrix result) {
        OwnHead loaded = own(OwnHead.class, "loaded head", head);
        OwnMatrix state = own(hidden);
        require(
                result.type() == DataType.F32
                        && result.columns() == loaded.vocabulary
                        && fits(firstRow, result.rows(), state.rows),
                () -> "logits of " + shape(result) + " of " + result.type() + " do not fit a vocabulary of "
                        + loaded.vocabulary + " and a hidden state of " + state + " from row " + firstRow);
        requireWidth(loaded, state);
        backend.logits(loaded.object, state.object, firstRow, result);
    }

    @Override
    public Moments moments(Moment kind, int leftWidth, int rightWidth) {
        int right = rightWidth(kind, leftWidth, rightWidth);
        return new OwnMoments(backend.moments(kind, leftWidth, right), kind, leftWidth, right);
    }

    @Override
    public Moments moments(Moment kind, int leftWidth, int rightWidth, HostMemory memory) {
        int right = rightWidth(kind, leftWidth, rightWidth);
        return new OwnMoments(backend.moments(kind, leftWidth, right, memory), kind, leftWidth, right);
    }

    private int rightWidth(Moment kind, int leftWidth, int rightWidth) {
        requireOpen();
        int right = kind == Moment.CROSS_GRAM ? rightWidth : leftWidth;
        require(
                leftWidth >= 1 && right >= 1,
                () -> "moments need widths of at least 1, but got " + leftWidth + " and " + rightWidth);
        return right;
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            backend.close();
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the backend is closed");
        }
    }

    private OwnMatrix own(DeviceMatrix matrix) {
        return own(OwnMatrix.class, "matrix", matrix);
    }

    private OwnModule own(LoadedModule module) {
        return own(OwnModule.class, "loaded module", module);
    }

    /** An object as what this very backend handed out, open. */
    private <T extends Own<?>> T own(Class<T> type, String name, DeviceObject object) {
        requireOpen();
        require(
                type.isInstance(object) && type.cast(object).isOf(this),
                () -> "the " + name + " belongs to another backend");
        T own = type.cast(object);
        own.requireOpen(name);
        return own;
    }

    private static void requireBatch(ModuleSpec spec, int units, int rows, OwnMatrix hidden, OwnMatrix features) {
        requireUnits(spec, units);
        requireHidden(spec, rows, hidden);
        requireHolds("feature matrix", features, rows, spec.features(units));
        require(hidden != features, () -> "hidden state and features are the same matrix");
    }

    private static void requireHidden(ModuleSpec spec, int rows, OwnMatrix hidden) {
        require(
                rows >= 1 && rows <= hidden.rows && spec.hiddenSize() == hidden.columns,
                () -> "a hidden state of " + hidden + " does not hold " + rows + " × " + spec.hiddenSize());
    }

    private static void requireHolds(String name, OwnMatrix matrix, int rows, int columns) {
        require(
                rows >= 0 && rows <= matrix.rows && columns <= matrix.columns,
                () -> "a " + name + " of " + matrix + " does not hold " + rows + " × " + columns);
    }

    private static void requireUnits(ModuleSpec spec, int units) {
        require(
                units >= 1 && units <= spec.units(),
                () -> units + " active units, but the module has " + spec.units() + " and needs at least 1");
    }

    private static void requireWidth(OwnHead head, OwnMatrix hidden) {
        require(
                head.hiddenSize == hidden.columns,
                () -> "a hidden state of " + hidden + " does not fit a head of " + head.vocabulary + " × "
                        + head.hiddenSize);
    }

    private static boolean fits(int first, int count, int rows) {
        return first >= 0 && first <= rows - count;
    }

    private static void require(boolean condition, Supplier<String> refusal) {
        if (!condition) {
            throw new IllegalArgumentException(refusal.get());
        }
    }

    private static String shape(Matrix matrix) {
        return matrix.rows() + " × " + matrix.columns();
    }

    /** What this backend handed out, and what of it the backend behind it knows. */
    private abstract class Own<T extends DeviceObject> implements DeviceObject {

        final T object;
        private boolean open = true;

        Own(T object) {
            this.object = object;
        }

        final boolean isOf(CheckedBackend backend) {
            return backend == CheckedBackend.this;
        }

        final void requireOpen(String name) {
            if (!open) {
                throw new IllegalStateException("the " + name + " is closed");
            }
        }

        @Override
        public final void close() {
            if (open) {
                open = false;
                object.close();
            }
        }
    }

    private final class OwnMatrix extends Own<DeviceMatrix> implements DeviceMatrix {

        private final int rows;
        private final int columns;

        OwnMatrix(DeviceMatrix object, int rows, int columns) {
            super(object);
            this.rows = rows;
            this.columns = columns;
        }

        @Override
        public int rows() {
            return rows;
        }

        @Override
        public int columns() {
            return columns;
        }

        @Override
        public String toString() {
            return rows + " × " + columns;
        }
    }

    private final class OwnModule extends Own<LoadedModule> implements LoadedModule {

        private final ModuleSpec spec;

        OwnModule(LoadedModule object, ModuleSpec spec) {
            super(object);
            this.spec = spec;
        }

        @Override
        public ModuleSpec spec() {
            return spec;
        }
    }

    private final class OwnHead extends Own<LoadedHead> implements LoadedHead {

        private final int vocabulary;
        private final int hiddenSize;

        OwnHead(LoadedHead object, Matrix weight) {
            super(object);
            this.vocabulary = weight.rows();
            this.hiddenSize = weight.columns();
        }

        @Override
        public int vocabulary() {
            return vocabulary;
        }
    }

    private final class OwnCache extends Own<KeyValueCache> implements KeyValueCache {

        private final OwnModule attention;
        private final int units;

        OwnCache(KeyValueCache object, OwnModule attention, int units) {
            super(object);
            this.attention = attention;
            this.units = units;
        }

        @Override
        public int capacity() {
            return object.capacity();
        }

        @Override
        public int length() {
            return object.length();
        }

        @Override
        public void truncate(int tokens) {
            requireOpen("cache");
            require(
                    tokens >= 0 && tokens <= length(),
                    () -> "a cache of " + length() + " tokens cannot be cut down to " + tokens);
            object.truncate(tokens);
        }
    }

    private final class OwnMoments extends Own<Moments> implements Moments {

        private final Moment kind;
        private final int leftWidth;
        private final int rightWidth;
        private boolean handedOver;

        OwnMoments(Moments object, Moment kind, int leftWidth, int rightWidth) {
            super(object);
            this.kind = kind;
            this.leftWidth = leftWidth;
            this.rightWidth = rightWidth;
        }

        @Override
        public void add(DeviceMatrix left, DeviceMatrix right, int rows) {
            requireKept();
            OwnMatrix y = own(left);
            OwnMatrix x = own(right);
            require(
                    kind == Moment.CROSS_GRAM || x == y,
                    () -> kind + " sums up one matrix, but two different ones are given");
            requireHolds("matrix", y, rows, leftWidth);
            requireHolds("matrix", x, rows, rightWidth);
            object.add(y.object, x.object, rows);
        }

        @Override
        public long tokens() {
            return object.tokens();
        }

        @Override
        public DoubleMatrix read(Arena arena) {
            CheckedBackend.this.requireOpen();
            requireKept();
            return object.read(arena);
        }

        @Override
        public DoubleMatrix handOver(Arena arena) {
            CheckedBackend.this.requireOpen();
            requireKept();
            handedOver = true;
            return object.handOver(arena);
        }

        private void requireKept() {
            requireOpen("sum of moments");
            if (handedOver) {
                throw new IllegalStateException("the sum of moments was handed over");
            }
        }
    }
}
