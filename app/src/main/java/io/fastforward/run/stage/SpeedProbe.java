package io.fastforward.run.stage;

import io.fastforward.run.stage.MachineSpeed.Forward;
import io.fastforward.run.stage.MachineSpeed.Pace;
import io.fastforward.spi.backend.BatchShape;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.DeviceMatrix;
import io.fastforward.spi.backend.DeviceObject;
import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.backend.LoadedHead;
import io.fastforward.spi.backend.LoadedModule;
import io.fastforward.spi.backend.Moments;
import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.model.HeadWeights;
import io.fastforward.spi.model.LayerSpec;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.model.MapShape;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.model.NormWeights;
import io.fastforward.spi.model.Normalization;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.DoubleMatrix;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.SplittableRandom;
import java.util.function.DoubleSupplier;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Measures how fast this machine is on slices of a model's own modules, with random weights: as wide as the hidden state, with
 * some of the units. Takes a second at most, but for slow machines.
 */
public final class SpeedProbe implements AutoCloseable {

    /** Features of a slice: with fewer, products reach less of a processor's speed. */
    private static final int FEATURES = 1024;

    /** Tokens that pass it: a library's products are within a tenth of their best speed from here on. */
    private static final int TOKENS = 512;

    /** So few that a call takes the time of reading its weights. */
    private static final int FEW_TOKENS = 16;

    /** Most rows and columns of what is solved: 30 ms on two cores. With half of them, products are at half of their speed. */
    private static final int SOLVED = 1024;

    /** Nanoseconds for which each measurement is repeated in a round. */
    private static final long TURN = 5_000_000;

    /** Seconds after which it ends; but there are two rounds of all measurements, however long they take. */
    private static final double MOST = 1.5;

    /**
     * Share of the run's time after which it ends before. The first rounds of a small model meet code that is still interpreted, a
     * hundred times as slow: then the run seems to take long, and the probe goes on.
     */
    private static final double SHARE = 0.05;

    private final ModelSpec spec;
    private final int windowLength;
    private final Arena arena = Arena.ofShared();
    private final Deque<DeviceObject> opened = new ArrayDeque<>();
    private final List<Measured> measured = new ArrayList<>();
    private final SplittableRandom random = new SplittableRandom(1);

    private SpeedProbe(ModelSpec spec, int windowLength) {
        this.spec = spec;
        this.windowLength = windowLength;
    }

    /**
     * Measures for a run.
     *
     * @param candidates what evaluates candidates, if it is another backend
     * @param atSpeed how long the run takes at some speed: the probe is short against that
     * @return how long it takes at the speed that was found
     */
    public static TimePlan plan(
            ComputeBackend backend,
            Optional<ComputeBackend> candidates,
            LinearAlgebra algebra,
            ModelSpec spec,
            int windowLength,
            Function<MachineSpeed, TimePlan> atSpeed) {
        try (SpeedProbe probe = new SpeedProbe(spec, windowLength)) {
            Supplier<Forward> forward = probe.forward(backend);
            Supplier<Forward> ofCandidates = candidates.map(probe::forward).orElse(forward);
            DoubleSupplier gram = probe.moments(backend, Moment.GRAM);
            DoubleSupplier cross = probe.moments(backend, Moment.CROSS_GRAM);
            DoubleSupplier solved = probe.solved(algebra);
            return probe.run(
                    () -> new MachineSpeed(
                            forward.get(),
                            ofCandidates.get(),
                            gram.getAsDouble(),
                            cross.getAsDouble(),
                            solved.getAsDouble()),
                    atSpeed);
        }
    }

    /** Rounds of everything that is to be measured. */
    private TimePlan run(Supplier<MachineSpeed> speed, Function<MachineSpeed, TimePlan> atSpeed) {
        long begun = System.nanoTime();
        for (int round = 1; ; round++) {
            measured.forEach(Measured::run);
            double elapsed = (System.nanoTime() - begun) / 1e9;
            TimePlan plan = atSpeed.apply(speed.get());
            if (round >= 2 && elapsed >= Math.min(MOST, SHARE * plan.total())) {
                return plan;
            }
        }
    }

    /** Something of which the fastest run counts: others met what else the machine does. */
    private static final class Measured {

        private final Runnable work;
        private double fastest = Double.POSITIVE_INFINITY;

        Measured(Runnable work) {
            this.work = work;
        }

        void run() {
            long begun = System.nanoTime();
            long now = begun;
            while (now - begun < TURN) {
                long before = now;
                work.run();
                now = System.nanoTime();
                fastest = Math.min(fastest, (now - before) / 1e9);
            }
        }
    }

    private Measured measured(Runnable work) {
        Measured added = new Measured(work);
        measured.add(added);
        return added;
    }

    private <T extends DeviceObject> T closing(T object) {
        opened.addFirst(object);
        return object;
    }

    private Supplier<Forward> forward(ComputeBackend backend) {
        Supplier<Pace> attention = pace(backend, LayerSpec::attention);
        Supplier<Pace> mlp = pace(backend, LayerSpec::mlp);
        DoubleSupplier head = head(backend);
        return () -> new Forward(attention.get(), mlp.get(), head.getAsDouble());
    }

    private Supplier<Pace> pace(ComputeBackend backend, Function<LayerSpec, ? extends ModuleSpec> kind) {
        return spec.layers().stream()
                .<ModuleSpec>map(kind)
                .filter(module -> !module.isIdentity())
                .findFirst()
                .map(module -> pace(backend, slice(module)))
                .orElse(() -> Pace.NOTHING);
    }

    private static ModuleSpec slice(ModuleSpec module) {
        return module.withUnits(Math.clamp(Math.ceilDiv(FEATURES, module.featuresPerUnit()), 1, module.units()));
    }

    private Supplier<Pace> pace(ComputeBackend backend, ModuleSpec slice) {
        int length = Math.min(windowLength, TOKENS);
        BatchShape many = new BatchShape(Math.max(1, TOKENS / length), length);
        BatchShape few = new BatchShape(1, Math.min(length, FEW_TOKENS));
        ModuleWeights weights = weights(slice);
        LoadedModule module = closing(backend.load(slice, weights));
        DeviceMatrix hidden = numbers(backend, many.rows(), spec.hiddenSize());
        DeviceMatrix scratch = closing(backend.allocate(many.rows(), slice.features(slice.units())));
        Measured ofFew = measured(() -> backend.apply(module, slice.units(), few, hidden, scratch));
        Measured ofMany = measured(() -> backend.apply(module, slice.units(), many, hidden, scratch));
        Measured loading = measured(() -> backend.load(slice, weights).close());
        return () -> {
            double token = ofMany.fastest / many.rows();
            double call = Math.max(0, ofFew.fastest - few.rows() * token);
            double parameters = slice.parameters();
            return new Pace(token / parameters, call / parameters, loading.fastest / parameters);
        };
    }

    private DoubleSupplier head(ComputeBackend backend) {
        int vocabulary = Math.min(spec.vocabularySize(), FEATURES);
        Normalization normalization = spec.finalNormalization();
        LoadedHead head = closing(backend.loadHead(new HeadWeights(
                normalization,
                normalization == null ? null : norm(spec.embeddingSize()),
                Linear.of(numbers(vocabulary, spec.embeddingSize())))));
        DeviceMatrix hidden = numbers(backend, TOKENS, spec.embeddingSize());
        int[] targets = new int[TOKENS];
        double[] result = new double[TOKENS];
        Measured likelihoods = measured(() -> backend.logLikelihood(head, hidden, targets, result));
        return () -> likelihoods.fastest / TOKENS * spec.vocabularySize() / vocabulary;
    }

    private DoubleSupplier moments(ComputeBackend backend, Moment kind) {
        int width = Math.clamp(spec.widestFeatures(), 1, FEATURES);
        DeviceMatrix features = numbers(backend, TOKENS, width);
        Moments sum = closing(backend.moments(kind, width, width));
        Measured added = measured(() -> sum.add(features, features, TOKENS));
        return () -> added.fastest / TOKENS / width / width;
    }

    /** Solutions with a factor, and products, as many of these as of those. */
    private DoubleSupplier solved(LinearAlgebra algebra) {
        int size = Math.clamp(spec.widestFeatures(), 1, SOLVED);
        DoubleMatrix factor = DoubleMatrix.allocate(arena, size, size);
        DoubleMatrix rows = DoubleMatrix.allocate(arena, size, size);
        DoubleMatrix products = DoubleMatrix.allocate(arena, size, size);
        for (int i = 0; i < size; i++) {
            factor.set(i, i, 1);
            for (int j = 0; j < size; j++) {
                rows.set(i, j, random.nextDouble());
            }
        }
        Measured work = measured(() -> {
            algebra.solve(factor, rows);
            algebra.multiply(rows, factor, products);
        });
        return () -> work.fastest / (2.0 * size * size * size);
    }

    private DeviceMatrix numbers(ComputeBackend backend, int rows, int columns) {
        DeviceMatrix matrix = closing(backend.allocate(rows, columns));
        backend.write(numbers(rows, columns), matrix, 0);
        return matrix;
    }

    private ModuleWeights weights(ModuleSpec slice) {
        SequencedMap<MapRole, Linear> maps = new LinkedHashMap<>();
        for (MapShape shape : slice.maps()) {
            maps.put(
                    shape.role(),
                    new Linear(numbers(shape.rows(), shape.columns()), shape.bias() ? numbers(1, shape.rows()) : null));
        }
        return new ModuleWeights(norm(spec.hiddenSize()), maps);
    }

    private NormWeights norm(int width) {
        return new NormWeights(numbers(1, width), null);
    }

    /** Small random numbers, the same in every row. */
    private Matrix numbers(int rows, int columns) {
        Matrix matrix = Matrix.allocate(arena, DataType.F32, rows, columns);
        for (int j = 0; j < columns; j++) {
            matrix.set(0, j, (float) (random.nextDouble() - 0.5) / 16);
        }
        for (int i = 1; i < rows; i++) {
            matrix.rowRange(0, 1).copyTo(matrix.rowRange(i, 1));
        }
        return matrix;
    }

    @Override
    public void close() {
        opened.forEach(DeviceObject::close);
        arena.close();
    }
}
