package io.fastforward.forward;

import static java.util.Objects.requireNonNull;

import io.fastforward.forward.HiddenStates.Chunk;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.DeviceMatrix;
import io.fastforward.spi.backend.LoadedModule;
import io.fastforward.spi.backend.Moments;
import io.fastforward.spi.measure.HiddenStream;
import io.fastforward.spi.measure.Measured;
import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.measure.Tap;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.model.ModelEnds;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.DoubleMatrix;
import io.fastforward.spi.tensor.Matrix;
import io.fastforward.tokenizer.TokenWindows;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Streams of hidden states that move through the layers of a model, module by module. What is done to a module on the
 * way, scoring, cutting or sparsifying it, is the affair of whoever walks: all streams have come to a module, there it
 * measures what it wants to know, changes the module, and moves on.
 *
 * <p>A dense stream sees whole modules and moves on while they are measured; the own stream sees what became of them, and
 * moves on when it is told to. Where a walk carries a single one of them, that answers for both. Who has the dense module
 * beside what becomes of it can compare the two, and tell either stream when to move on.
 *
 * <p>Memory: the hidden states of all windows, once for each stream, the rows of one chunk at a module, and its moments.
 */
public final class LayerWalk implements AutoCloseable {

    private final ComputeBackend backend;
    private final PassMemory memory;
    private final EnumMap<HiddenStream, HiddenStates> streams = new EnumMap<>(HiddenStream.class);

    /** Whether all streams hold the same hidden states, as before the first layer. */
    private boolean together = true;

    /**
     * A walk before the first layer.
     *
     * @param ends what is before the layers
     * @param carried one stream, or both
     */
    public LayerWalk(ComputeBackend backend, ModelEnds ends, TokenWindows windows, Set<HiddenStream> carried) {
        this(backend, ends, windows, carried, PassMemory.ANONYMOUS);
    }

    /**
     * The same.
     *
     * @param memory for hidden states and sums, if the backend computes in memory of the host
     */
    public LayerWalk(
            ComputeBackend backend,
            ModelEnds ends,
            TokenWindows windows,
            Set<HiddenStream> carried,
            PassMemory memory) {
        this(backend, memory);
        try {
            carried.forEach(
                    stream -> streams.put(stream, HiddenStates.embed(backend, ends, windows, memory.hiddenStates())));
        } catch (Throwable e) {
            close();
            throw e;
        }
    }

    private LayerWalk(ComputeBackend backend, PassMemory memory) {
        this.backend = backend;
        this.memory = memory;
    }

    /**
     * A walk of its own from where the single stream of this one is, which stays there.
     *
     * @param carried one stream, or both, which start together
     */
    public LayerWalk fork(Set<HiddenStream> carried) {
        if (streams.size() != 1) {
            throw new IllegalStateException("the walk carries two streams, of which either may be meant");
        }
        LayerWalk fork = new LayerWalk(backend, memory);
        try {
            carried.forEach(stream -> fork.streams.put(stream, first().copy(backend, memory.hiddenStates())));
            return fork;
        } catch (Throwable e) {
            fork.close();
            throw e;
        }
    }

    /** The streams that it carries. */
    public Set<HiddenStream> carried() {
        return Collections.unmodifiableSet(streams.keySet());
    }

    /** Most bytes of each sum at a module, in the order in which they take their memory. */
    public static List<Long> sumBytes(ModelSpec spec, Set<Wish> wishes, Set<HiddenStream> carried) {
        return sums(spec.hiddenSize(), spec.widestFeatures(), wishes, carried).stream()
                .map(sum -> sum.elements() * Double.BYTES)
                .toList();
    }

    /**
     * A sum over the tokens.
     *
     * @param moment of what
     * @param elements how many numbers it has
     */
    public record Sum(Moment moment, long elements) {}

    /**
     * The sums at a module, in the order in which they take their memory.
     *
     * @param features how many it has
     */
    public static List<Sum> sums(int hiddenSize, int features, Set<Wish> wishes, Set<HiddenStream> carried) {
        List<Sum> sums = new ArrayList<>();
        for (Wish wish : inOrder(summed(wishes, carried))) {
            long left = wish.tap() == Tap.FEATURES ? features : hiddenSize;
            long right = wish.rightTap() == Tap.FEATURES ? features : hiddenSize;
            boolean one = wish.moment() == Moment.SUMS || wish.moment() == Moment.SQUARE_SUMS;
            Sum sum = new Sum(wish.moment(), one ? left : left * right);
            sums.addAll(Collections.nCopies(wish.tap() == Tap.RESIDUAL ? 2 : 1, sum));
        }
        return sums;
    }

    /** Gram matrices first: of all sums, what is solved for them looks at them most. */
    private static List<Wish> inOrder(Set<Wish> summed) {
        return summed.stream()
                .sorted(Comparator.comparing(Wish::moment)
                        .thenComparing(Wish::tap)
                        .thenComparing(Wish::stream))
                .toList();
    }

    /**
     * Sums up what is wished for, at a module with all of its units. A dense stream moves on behind the module.
     *
     * @param arena owns the sums
     */
    public Measured measure(LoadedModule module, Set<Wish> wishes, Arena arena) {
        together = false;
        return measure(module, module, true, wishes, wish -> summed(wish, streams.keySet()), arena);
    }

    /**
     * What was measured at a module, and the features' Gram matrix relative to the residual stream.
     *
     * @param measured what was wished for
     * @param relativeGram Σ x xᵀ ÷ ‖r‖² over the tokens, of the features x and the residual stream r behind the module
     */
    public record Relative(Measured measured, DoubleMatrix relativeGram) {}

    /**
     * The same on a walk with a dense stream alone, and how features stand to what the module's output is added to: what an
     * error of the output means for a token depends on that.
     *
     * @param arena owns the sums
     */
    public Relative measureRelative(LoadedModule module, Set<Wish> wishes, Arena arena) {
        if (streams.size() != 1 || !streams.containsKey(HiddenStream.DENSE)) {
            throw new IllegalStateException("the walk does not carry the dense stream alone");
        }
        together = false;
        Set<Wish> summed = summed(wishes, streams.keySet());
        int width = width(module, Tap.FEATURES);
        try (Measuring measuring = new Measuring(module, module, true, summed);
                Moments relative = backend.moments(Moment.GRAM, width, width, memory.moments())) {
            for (int i = 0; i < first().chunks().size(); i++) {
                measuring.add(i);
                Chunk chunk = first().chunks().get(i);
                // They are still there from when the stream moved on.
                DeviceMatrix features = measuring.rows(HiddenStream.DENSE, Tap.FEATURES);
                divide(features, width, chunk);
                relative.add(features, features, chunk.shape().rows());
            }
            Measured measured = measuring.handOver(wishes, wish -> summed(wish, streams.keySet()), arena);
            return new Relative(measured, relative.handOver(arena));
        }
    }

    /** Divides every row by the norm of its hidden state, on the host: next to nothing beside a Gram matrix. */
    private void divide(DeviceMatrix features, int width, Chunk chunk) {
        int rows = chunk.shape().rows();
        try (Arena scratch = Arena.ofShared()) {
            Matrix hidden =
                    Matrix.allocate(scratch, DataType.F32, rows, chunk.hidden().columns());
            Matrix divided = Matrix.allocate(scratch, DataType.F32, rows, width);
            backend.read(chunk.hidden(), 0, hidden);
            backend.read(features, 0, divided);
            for (int row = 0; row < rows; row++) {
                double squares = 0;
                for (int j = 0; j < hidden.columns(); j++) {
                    squares += (double) hidden.get(row, j) * hidden.get(row, j);
                }
                float factor = squares == 0 ? 0 : (float) (1 / Math.sqrt(squares));
                for (int j = 0; j < width; j++) {
                    divided.set(row, j, divided.get(row, j) * factor);
                }
            }
            backend.write(divided, features, 0);
        }
    }

    /** As {@link #measure}, but no stream moves on: the dense one {@linkplain #moveDenseOn when it is told to}. */
    public Measured measureHere(LoadedModule module, Set<Wish> wishes, Arena arena) {
        return measure(module, module, false, wishes, wish -> summed(wish, streams.keySet()), arena);
    }

    /**
     * Sums up what is wished for where each stream passes a module of its own, with all of its units. Neither moves on. As
     * long as the streams are {@linkplain #set one}, so is what the modules get to see, and one sum answers for both.
     *
     * @param own the module as it is by now: other weights in its maps than the dense one's, but the same norm
     * @param dense the module of the dense model
     * @param arena owns the sums
     */
    public Measured compare(LoadedModule own, LoadedModule dense, Set<Wish> wishes, Arena arena) {
        return measure(
                own,
                dense,
                false,
                wishes,
                wish -> together && wish.tap() == Tap.INPUT ? wish.onSingleStream() : summed(wish, streams.keySet()),
                arena);
    }

    private Measured measure(
            LoadedModule own,
            LoadedModule dense,
            boolean denseMoves,
            Set<Wish> wishes,
            UnaryOperator<Wish> answered,
            Arena arena) {
        Set<Wish> summed = wishes.stream().map(answered).collect(Collectors.toSet());
        try (Measuring measuring = new Measuring(own, dense, denseMoves, summed)) {
            for (int i = 0; i < first().chunks().size(); i++) {
                measuring.add(i);
            }
            return measuring.handOver(wishes, answered, arena);
        }
    }

    /** One stream goes on from where another one is. */
    public void set(HiddenStream stream, HiddenStream other) {
        if (together) {
            return;
        }
        List<Chunk> from = stream(other).chunks();
        List<Chunk> to = stream(stream).chunks();
        try (Arena scratch = Arena.ofShared()) {
            Matrix rows = Matrix.allocate(
                    scratch,
                    DataType.F32,
                    first().chunkRows(),
                    from.getFirst().hidden().columns());
            for (int i = 0; i < from.size(); i++) {
                Matrix copied = rows.leadingRows(from.get(i).shape().rows());
                backend.read(from.get(i).hidden(), 0, copied);
                backend.write(copied, to.get(i).hidden(), 0);
            }
        }
        together = true;
    }

    /** The streams that it takes to say where all of them are: one of them as long as all hold the same. */
    public Set<HiddenStream> apart() {
        return together ? Set.of(streams.keySet().iterator().next()) : carried();
    }

    /**
     * The hidden states of a stream in the order of the windows, some rows at a time, F32; each is valid until the next one.
     *
     * @param arena owns the memory of the rows
     */
    public Iterable<Matrix> rows(HiddenStream stream, Arena arena) {
        return stream(stream).rows(backend, arena);
    }

    /**
     * All streams go on from where those of another walk over the same windows were.
     *
     * @param rows of each stream that {@linkplain #apart told them apart}: F32, those of all windows in their order
     */
    public void restore(Map<HiddenStream, Matrix> rows) {
        if (!rows.keySet().equals(carried()) && rows.size() != 1) {
            throw new IllegalArgumentException("the walk carries " + carried() + ", not " + rows.keySet());
        }
        Matrix common = rows.values().iterator().next();
        streams.forEach((stream, states) -> states.write(backend, rows.getOrDefault(stream, common)));
        together = rows.size() == 1;
    }

    /**
     * What passes a tap of a module with all of its units, on the own stream, chunk by chunk in the order of the windows.
     *
     * @param arena owns the memory of the rows
     * @return {@code tokens × width} each, F32; valid until the next one
     */
    public Iterable<Matrix> batches(LoadedModule module, Tap tap, Arena arena) {
        return batches(module, tap, HiddenStream.OWN, arena);
    }

    /** The same on some stream; the single one answers for both. Of the residual, the difference of the two streams. */
    public Iterable<Matrix> batches(LoadedModule module, Tap tap, HiddenStream stream, Arena arena) {
        return new Batches(module, tap, stream, arena);
    }

    /** Bytes that batches of all taps take at once, in host memory and on the device. */
    public static long batchBytes(ModelSpec spec, int rows) {
        long widths = spec.widestFeatures() + 3L * spec.hiddenSize(); // the residual takes two buffers
        return 2L * rows * widths * Float.BYTES;
    }

    /** The own stream moves on behind a module, with some of its leading units. */
    public void moveOn(LoadedModule module, int units) {
        moveOn(first(), module, units);
    }

    /** A stream moves on behind a module, with some of its leading units. */
    public void moveOn(HiddenStream stream, LoadedModule module, int units) {
        moveOn(stream(stream), module, units);
    }

    /** The dense stream, if there is one beside the own one, moves on behind a module with all of its units. */
    public void moveDenseOn(LoadedModule module) {
        if (streams.size() > 1) {
            moveOn(HiddenStream.DENSE, module, module.spec().units());
        }
    }

    private void moveOn(HiddenStates states, LoadedModule module, int units) {
        together = false;
        try (DeviceMatrix scratch = allocate(module, Tap.FEATURES)) {
            for (Chunk chunk : states.chunks()) {
                backend.apply(module, units, chunk.shape(), chunk.hidden(), scratch);
            }
        }
    }

    @Override
    public void close() {
        streams.values().forEach(HiddenStates::close);
    }

    /** What there is to sum up: on a single stream, some wishes are the same. */
    private static Set<Wish> summed(Set<Wish> wishes, Set<HiddenStream> carried) {
        return wishes.stream().map(wish -> summed(wish, carried)).collect(Collectors.toSet());
    }

    private static Wish summed(Wish wish, Set<HiddenStream> carried) {
        return carried.size() > 1 ? wish : wish.onSingleStream();
    }

    /** The own stream, or the single one that there is. */
    private HiddenStates first() {
        return streams.values().iterator().next();
    }

    private HiddenStates stream(HiddenStream stream) {
        return requireNonNull(streams.get(stream), () -> "the walk does not carry the stream " + stream);
    }

    private static int width(LoadedModule module, Tap tap) {
        return switch (tap) {
            case INPUT, RESIDUAL -> module.spec().hiddenSize();
            case FEATURES -> module.spec().features(module.spec().units());
        };
    }

    private DeviceMatrix allocate(LoadedModule module, Tap tap) {
        return backend.allocate(first().chunkRows(), width(module, tap));
    }

    private void pass(LoadedModule module, Tap tap, Chunk chunk, DeviceMatrix target) {
        switch (tap) {
            case INPUT -> backend.input(module, chunk.shape().rows(), chunk.hidden(), target);
            case FEATURES -> backend.features(module, module.spec().units(), chunk.shape(), chunk.hidden(), target);
            case RESIDUAL -> throw new IllegalArgumentException("the residual streams are where they are");
        }
    }

    /** What passes a tap, computed anew by every iterator, into the same memory. */
    private final class Batches implements Iterable<Matrix> {

        private final LoadedModule module;
        private final Tap tap;
        private final HiddenStream stream;
        private final Arena arena;
        private @Nullable Matrix buffer;
        private @Nullable Matrix subtracted;

        Batches(LoadedModule module, Tap tap, HiddenStream stream, Arena arena) {
            this.module = module;
            this.tap = tap;
            this.stream = stream;
            this.arena = arena;
        }

        @Override
        public Iterator<Matrix> iterator() {
            return IntStream.range(0, first().chunks().size())
                    .mapToObj(this::batch)
                    .iterator();
        }

        private Matrix batch(int index) {
            Chunk chunk = streams.getOrDefault(stream, first()).chunks().get(index);
            buffer = buffer == null ? allocateRows() : buffer;
            Matrix rows = buffer.leadingRows(chunk.shape().rows());
            if (tap == Tap.RESIDUAL) {
                backend.read(chunk.hidden(), 0, rows);
                subtracted = subtracted == null ? allocateRows() : subtracted;
                Matrix own = subtracted.leadingRows(rows.rows());
                backend.read(first().chunks().get(index).hidden(), 0, own);
                subtract(rows, own);
                return rows;
            }
            try (DeviceMatrix tapped = allocate(module, tap)) {
                pass(module, tap, chunk, tapped);
                backend.read(tapped, 0, rows);
            }
            return rows;
        }

        private Matrix allocateRows() {
            return Matrix.allocate(arena, DataType.F32, first().chunkRows(), width(module, tap));
        }

        private static void subtract(Matrix left, Matrix right) {
            for (int i = 0; i < left.rows(); i++) {
                for (int j = 0; j < left.columns(); j++) {
                    left.set(i, j, left.get(i, j) - right.get(i, j));
                }
            }
        }
    }

    /** The sums at one module, and for each stream the rows of one chunk that they are made of. */
    private final class Measuring implements AutoCloseable {

        private final LoadedModule own;
        private final LoadedModule dense;
        private final boolean denseMoves;
        private final Map<HiddenStream, EnumMap<Tap, DeviceMatrix>> rows = new EnumMap<>(HiddenStream.class);
        private final Map<Wish, Moments> sums = new LinkedHashMap<>();

        /**
         * What is subtracted from a sum: of the residual, the own stream's part. In single precision the difference of the sums
         * errs by some 1e-7 of the sums, as a weight of theirs does; a difference on the device would need an operation.
         */
        private final Map<Wish, Moments> subtracted = new LinkedHashMap<>();

        private long tokens;

        /**
         * @param dense what a dense stream passes
         * @param denseMoves whether it moves on behind it
         */
        Measuring(LoadedModule own, LoadedModule dense, boolean denseMoves, Set<Wish> summed) {
            this.own = own;
            this.dense = dense;
            this.denseMoves = denseMoves;
            try {
                for (HiddenStream stream : streams.keySet()) {
                    EnumMap<Tap, DeviceMatrix> taps = new EnumMap<>(Tap.class);
                    rows.put(stream, taps);
                    if (stream == HiddenStream.DENSE && denseMoves) {
                        taps.put(Tap.FEATURES, allocate(own, Tap.FEATURES)); // with which it moves on
                    }
                    summed.stream()
                            .filter(wish -> reads(wish, stream))
                            .forEach(wish -> taps.computeIfAbsent(wish.rightTap(), tap -> allocate(own, tap)));
                }
                for (Wish wish : inOrder(summed)) {
                    sums.put(wish, moments(wish));
                    if (wish.tap() == Tap.RESIDUAL) {
                        subtracted.put(wish, moments(wish));
                    }
                }
            } catch (Throwable e) {
                close();
                throw e;
            }
        }

        /** Whether a sum is made of rows of a stream, beside the residual streams, which are where they are. */
        private boolean reads(Wish wish, HiddenStream stream) {
            boolean left = wish.stream() == stream && wish.tap() != Tap.RESIDUAL;
            boolean right = wish.moment() == Moment.CROSS_GRAM && stream == HiddenStream.OWN;
            return streams.size() == 1 || left || right;
        }

        void add(int index) {
            int count = first().chunks().get(index).shape().rows();
            streams.forEach((stream, states) -> requireNonNull(rows.get(stream))
                    .forEach((tap, target) ->
                            pass(passed(stream), tap, states.chunks().get(index), target)));
            sums.forEach((wish, sum) -> add(sum, wish, wish.stream(), index));
            subtracted.forEach((wish, sum) -> add(sum, wish, HiddenStream.OWN, index));
            HiddenStates moving = denseMoves ? streams.get(HiddenStream.DENSE) : null;
            if (moving != null) {
                DeviceMatrix hidden = moving.chunks().get(index).hidden();
                backend.project(dense, dense.spec().units(), count, rows(HiddenStream.DENSE, Tap.FEATURES), hidden);
            }
            tokens += count;
        }

        private LoadedModule passed(HiddenStream stream) {
            return stream == HiddenStream.DENSE ? dense : own;
        }

        private Moments moments(Wish wish) {
            int left = width(own, wish.tap());
            int right = wish.moment() == Moment.CROSS_GRAM ? width(own, wish.rightTap()) : left;
            return backend.moments(wish.moment(), left, right, memory.moments());
        }

        private void add(Moments sum, Wish wish, HiddenStream stream, int index) {
            Chunk chunk = streams.getOrDefault(stream, first()).chunks().get(index);
            DeviceMatrix left = wish.tap() == Tap.RESIDUAL ? chunk.hidden() : rows(stream, wish.tap());
            DeviceMatrix right = wish.moment() == Moment.CROSS_GRAM ? rows(HiddenStream.OWN, wish.rightTap()) : left;
            sum.add(left, right, chunk.shape().rows());
        }

        /** The sums, to which nothing is added any more. */
        Measured handOver(Set<Wish> wishes, UnaryOperator<Wish> answered, Arena arena) {
            Map<Wish, DoubleMatrix> read = new HashMap<>();
            sums.forEach(
                    (wish, sum) -> read.put(wish, difference(wish, sum, arena).readOnly()));
            return new Measured(
                    tokens,
                    wishes.stream()
                            .collect(Collectors.toMap(
                                    wish -> wish, wish -> requireNonNull(read.get(answered.apply(wish))))));
        }

        private DoubleMatrix difference(Wish wish, Moments sum, Arena arena) {
            DoubleMatrix result = sum.handOver(arena);
            Moments less = subtracted.get(wish);
            if (less != null) {
                try (Arena scratch = Arena.ofShared()) {
                    subtract(result, less.handOver(scratch));
                }
            }
            return result;
        }

        private static void subtract(DoubleMatrix result, DoubleMatrix own) {
            double[] left = new double[own.columns()];
            double[] right = new double[own.columns()];
            for (int i = 0; i < own.rows(); i++) {
                result.readRow(i, left, left.length);
                own.readRow(i, right, right.length);
                for (int j = 0; j < left.length; j++) {
                    left[j] -= right[j];
                }
                result.writeRow(i, left, left.length);
            }
        }

        private DeviceMatrix rows(HiddenStream stream, Tap tap) {
            EnumMap<Tap, DeviceMatrix> single = rows.values().iterator().next();
            return requireNonNull((rows.size() == 1 ? single : requireNonNull(rows.get(stream))).get(tap));
        }

        @Override
        public void close() {
            sums.values().forEach(Moments::close);
            subtracted.values().forEach(Moments::close);
            rows.values().forEach(taps -> taps.values().forEach(DeviceMatrix::close));
        }
    }
}
