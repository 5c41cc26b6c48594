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
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Streams of hidden states that move through the layers of a model, module by module. What is done to a module on the
 * way, scoring, cutting or sparsifying it, is the affair of whoever walks: all streams have come to a module, there it
 * measures what it wants to know, changes the module, and moves on.
 *
 * <p>A dense stream sees whole modules and moves on while they are measured; the own stream sees what became of them, and
 * moves on when it is told to. Where a walk carries a single one of them, that answers for both.
 *
 * <p>Memory: the hidden states of all windows, once for each stream, the rows of one chunk at a module, and its moments.
 */
public final class LayerWalk implements AutoCloseable {

    private final ComputeBackend backend;
    private final EnumMap<HiddenStream, HiddenStates> streams = new EnumMap<>(HiddenStream.class);

    /**
     * A walk before the first layer.
     *
     * @param ends what is before the layers
     * @param carried one stream, or both
     */
    public LayerWalk(ComputeBackend backend, ModelEnds ends, TokenWindows windows, Set<HiddenStream> carried) {
        this.backend = backend;
        try {
            carried.forEach(stream -> streams.put(stream, HiddenStates.embed(backend, ends, windows)));
        } catch (Throwable e) {
            close();
            throw e;
        }
    }

    /** Most bytes that the moments of a module take: the sums themselves on the device and their copies on the host. */
    public static long momentBytes(ModelSpec spec, Set<Wish> wishes, Set<HiddenStream> carried) {
        long numbers = 0;
        for (Wish wish : summed(wishes, carried)) {
            long left = wish.tap() == Tap.FEATURES ? spec.widestFeatures() : spec.hiddenSize();
            long right = wish.rightTap() == Tap.FEATURES ? spec.widestFeatures() : spec.hiddenSize();
            boolean sums = wish.moment() == Moment.SUMS || wish.moment() == Moment.SQUARE_SUMS;
            numbers += (sums ? left : left * right) * (wish.tap() == Tap.RESIDUAL ? 2 : 1);
        }
        return 2 * numbers * Double.BYTES;
    }

    /**
     * Sums up what is wished for, at a module with all of its units. A dense stream moves on behind the module.
     *
     * @param arena owns the sums
     */
    public Measured measure(LoadedModule module, Set<Wish> wishes, Arena arena) {
        try (Measuring measuring = new Measuring(module, summed(wishes, streams.keySet()))) {
            for (int i = 0; i < first().chunks().size(); i++) {
                measuring.add(i);
            }
            return measuring.read(wishes, arena);
        }
    }

    /**
     * What passes a tap of a module with all of its units, on the own stream, chunk by chunk in the order of the windows.
     *
     * @param arena owns the memory of the rows
     * @return {@code tokens × width} each, F32; valid until the next one
     */
    public Iterable<Matrix> batches(LoadedModule module, Tap tap, Arena arena) {
        return () -> {
            Matrix buffer = Matrix.allocate(arena, DataType.F32, first().chunkRows(), width(module, tap));
            Iterator<Chunk> chunks = first().chunks().iterator();
            return new Iterator<>() {
                @Override
                public boolean hasNext() {
                    return chunks.hasNext();
                }

                @Override
                public Matrix next() {
                    Chunk chunk = chunks.next();
                    Matrix rows = buffer.leadingRows(chunk.shape().rows());
                    try (DeviceMatrix tapped = allocate(module, tap)) {
                        pass(module, tap, chunk, tapped);
                        backend.read(tapped, 0, rows);
                    }
                    return rows;
                }
            };
        };
    }

    /** The own stream moves on behind a module, with some of its leading units. */
    public void moveOn(LoadedModule module, int units) {
        try (DeviceMatrix scratch = allocate(module, Tap.FEATURES)) {
            for (Chunk chunk : first().chunks()) {
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

    /** The sums at one module, and for each stream the rows of one chunk that they are made of. */
    private final class Measuring implements AutoCloseable {

        private final LoadedModule module;
        private final Map<HiddenStream, EnumMap<Tap, DeviceMatrix>> rows = new EnumMap<>(HiddenStream.class);
        private final Map<Wish, Moments> sums = new LinkedHashMap<>();

        /**
         * What is subtracted from a sum: of the residual, the own stream's part. In single precision the difference of the sums
         * errs by some 1e-7 of the sums, as a weight of theirs does; a difference on the device would need an operation.
         */
        private final Map<Wish, Moments> subtracted = new LinkedHashMap<>();

        private long tokens;

        Measuring(LoadedModule module, Set<Wish> summed) {
            this.module = module;
            try {
                for (HiddenStream stream : streams.keySet()) {
                    EnumMap<Tap, DeviceMatrix> taps = new EnumMap<>(Tap.class);
                    rows.put(stream, taps);
                    if (stream == HiddenStream.DENSE) {
                        taps.put(Tap.FEATURES, allocate(module, Tap.FEATURES)); // with which it moves on
                    }
                    summed.forEach(wish -> taps.computeIfAbsent(wish.rightTap(), tap -> allocate(module, tap)));
                }
                for (Wish wish : summed) {
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

        void add(int index) {
            int count = first().chunks().get(index).shape().rows();
            streams.forEach((stream, states) -> requireNonNull(rows.get(stream))
                    .forEach((tap, target) -> pass(module, tap, states.chunks().get(index), target)));
            sums.forEach((wish, sum) -> add(sum, wish, wish.stream(), index));
            subtracted.forEach((wish, sum) -> add(sum, wish, HiddenStream.OWN, index));
            HiddenStates dense = streams.get(HiddenStream.DENSE);
            if (dense != null) {
                DeviceMatrix hidden = dense.chunks().get(index).hidden();
                backend.project(module, module.spec().units(), count, rows(HiddenStream.DENSE, Tap.FEATURES), hidden);
            }
            tokens += count;
        }

        private Moments moments(Wish wish) {
            int left = width(module, wish.tap());
            int right = wish.moment() == Moment.CROSS_GRAM ? width(module, wish.rightTap()) : left;
            return backend.moments(wish.moment(), left, right);
        }

        private void add(Moments sum, Wish wish, HiddenStream stream, int index) {
            Chunk chunk = streams.getOrDefault(stream, first()).chunks().get(index);
            DeviceMatrix left = wish.tap() == Tap.RESIDUAL ? chunk.hidden() : rows(stream, wish.tap());
            DeviceMatrix right = wish.moment() == Moment.CROSS_GRAM ? rows(HiddenStream.OWN, wish.rightTap()) : left;
            sum.add(left, right, chunk.shape().rows());
        }

        Measured read(Set<Wish> wishes, Arena arena) {
            Map<Wish, DoubleMatrix> read = new HashMap<>();
            sums.forEach((wish, sum) -> read.put(wish, read(wish, sum, arena).readOnly()));
            return new Measured(
                    tokens, wishes.stream().collect(Collectors.toMap(wish -> wish, wish -> answer(read, wish))));
        }

        private DoubleMatrix read(Wish wish, Moments sum, Arena arena) {
            DoubleMatrix result = sum.read(arena);
            Moments less = subtracted.get(wish);
            if (less != null) {
                DoubleMatrix own = less.read(arena);
                for (int i = 0; i < own.rows(); i++) {
                    for (int j = 0; j < own.columns(); j++) {
                        result.set(i, j, result.get(i, j) - own.get(i, j));
                    }
                }
            }
            return result;
        }

        private DoubleMatrix answer(Map<Wish, DoubleMatrix> read, Wish wish) {
            return requireNonNull(read.get(summed(wish, streams.keySet())));
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
