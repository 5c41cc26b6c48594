package io.fastforward.backend.cpu;

import com.sun.management.OperatingSystemMXBean;
import io.fastforward.spi.backend.BatchShape;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.DeviceMatrix;
import io.fastforward.spi.backend.KeyValueCache;
import io.fastforward.spi.backend.LoadedHead;
import io.fastforward.spi.backend.LoadedModule;
import io.fastforward.spi.backend.Precision;
import io.fastforward.spi.model.Activation;
import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.HeadWeights;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MlpSpec;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.model.NormWeights;
import io.fastforward.spi.model.Normalization;
import io.fastforward.spi.model.RotaryPositions;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * Tokens per second of perplexity evaluation, with a breakdown, and of generating token by token, for a model of random
 * weights. All layers share one set of weights: a layer is larger than the caches anyway, or the whole model is smaller.
 *
 * <p>Each part of the work is held against what this machine can do: operations of evaluation against the fastest product of
 * large matrices in the same precision, and the weights that a token reads against reading memory.
 *
 * <p>Arguments: {@code demo}, {@code 1b} or {@code 7b}, the number of layers, retained share of the units, repetitions, threads,
 * {@code f32} or {@code bf16}.
 */
final class ModelBenchmark {

    private static final List<String> PARTS =
            List.of("attention features", "projection", "MLP features", "projection", "likelihood");

    private static final int HEAD = 4;
    private static final int NEW_TOKENS = 32;

    private ModelBenchmark() {}

    /** The shape of a model and of the evaluated windows. */
    private record Shape(
            int hidden, int headSize, int groups, int queriesPerGroup, int channels, int vocabulary, BatchShape batch) {

        static Shape named(String name) {
            return switch (name) {
                case "demo" -> new Shape(192, 32, 6, 1, 512, 1024, new BatchShape(16, 256));
                case "1b" -> new Shape(2048, 64, 4, 8, 5632, 32_000, new BatchShape(1, 2048));
                case "7b" -> new Shape(4096, 128, 32, 1, 11_008, 32_000, new BatchShape(1, 2048));
                default -> throw new IllegalArgumentException("unknown shape " + name + "; there are demo, 1b and 7b");
            };
        }

        /** Weights of all parts of a layer, and of the head. */
        private long[] weights(int activeGroups, int activeChannels) {
            long queries = (long) activeGroups * queriesPerGroup * headSize;
            long keys = (long) activeGroups * headSize;
            return new long[] {
                hidden * (queries + 2 * keys),
                hidden * queries,
                2L * hidden * activeChannels,
                (long) hidden * activeChannels,
                (long) hidden * vocabulary
            };
        }

        /** Floating-point operations for a token: two for each weight, and attention to half of the window. */
        private double[] operations(int activeGroups, int activeChannels, int layers) {
            long[] weights = weights(activeGroups, activeChannels);
            var operations = new double[weights.length];
            for (int part = 0; part < weights.length; part++) {
                operations[part] = 2.0 * weights[part] * (part < HEAD ? layers : 1);
            }
            operations[0] += 4.0 * activeGroups * queriesPerGroup * headSize * (batch.length() + 1) / 2 * layers;
            return operations;
        }
    }

    public static void main(String[] arguments) {
        Shape shape = Shape.named(arguments[0]);
        int layers = Integer.parseInt(arguments[1]);
        double retained = Double.parseDouble(arguments[2]);
        int repetitions = Integer.parseInt(arguments[3]);
        int threads = Integer.parseInt(arguments[4]);
        Precision precision = Stream.of(Precision.values())
                .filter(one -> one.label().equals(arguments[5]))
                .findFirst()
                .orElseThrow();
        var provider = new CpuBackendProvider();
        try (Arena arena = Arena.ofShared();
                ComputeBackend backend = provider.open(provider.id(), threads, precision)) {
            System.out.println(backend.device());
            run(arena, backend, shape, layers, retained, repetitions, threads);
        }
    }

    private static void run(
            Arena arena,
            ComputeBackend backend,
            Shape shape,
            int layers,
            double retained,
            int repetitions,
            int threads) {
        var rms = new Normalization(Normalization.Kind.RMS, 1e-5);
        var rotary = new RotaryPositions(IntStream.range(0, shape.headSize() / 2)
                .mapToObj(i -> Math.pow(10_000, -2.0 * i / shape.headSize()))
                .toList());
        var attentionSpec = new AttentionSpec(
                rms,
                shape.hidden(),
                shape.headSize(),
                shape.groups(),
                shape.queriesPerGroup(),
                rotary,
                0,
                false,
                false);
        var mlpSpec = new MlpSpec(rms, shape.hidden(), shape.channels(), true, Activation.SILU, false, false);
        int queries = attentionSpec.features(shape.groups());
        int keys = shape.groups() * shape.headSize();
        var norm = new NormWeights(random(arena, 1, shape.hidden()), null);
        var attentionWeights = ModuleWeights.ofAttention(
                norm,
                Linear.of(random(arena, queries, shape.hidden())),
                Linear.of(random(arena, keys, shape.hidden())),
                Linear.of(random(arena, keys, shape.hidden())),
                Linear.of(random(arena, shape.hidden(), queries)));
        var mlpWeights = ModuleWeights.ofMlp(
                norm,
                Linear.of(random(arena, shape.channels(), shape.hidden())),
                Linear.of(random(arena, shape.channels(), shape.hidden())),
                Linear.of(random(arena, shape.hidden(), shape.channels())));
        var headWeights = new HeadWeights(rms, norm, Linear.of(random(arena, shape.vocabulary(), shape.hidden())));
        BatchShape batch = shape.batch();
        int rows = batch.rows();
        int groups = Math.max(1, (int) Math.round(shape.groups() * retained));
        int channels = Math.max(1, (int) Math.round(shape.channels() * retained));
        int[] targets =
                new SplittableRandom(1).ints(rows, 0, shape.vocabulary()).toArray();
        var likelihoods = new double[rows];
        try (LoadedModule attention = backend.load(attentionSpec, attentionWeights);
                LoadedModule mlp = backend.load(mlpSpec, mlpWeights);
                LoadedHead head = backend.loadHead(headWeights);
                DeviceMatrix hidden = backend.allocate(rows, shape.hidden());
                DeviceMatrix features = backend.allocate(rows, Math.max(queries, shape.channels()))) {
            double peak = peak(arena, backend);
            Matrix embedded = random(arena, rows, shape.hidden());
            for (int repetition = 0; repetition < repetitions; repetition++) {
                backend.write(embedded, hidden, 0);
                var spent = new double[5]; // CPU time, so that other load on the machine counts less
                long start = System.nanoTime();
                double cpu = cpuTime();
                for (int layer = 0; layer < layers; layer++) {
                    backend.features(attention, groups, batch, hidden, features);
                    cpu = lap(spent, 0, cpu);
                    backend.project(attention, groups, rows, features, hidden);
                    cpu = lap(spent, 1, cpu);
                    backend.features(mlp, channels, batch, hidden, features);
                    cpu = lap(spent, 2, cpu);
                    backend.project(mlp, channels, rows, features, hidden);
                    cpu = lap(spent, 3, cpu);
                }
                backend.logLikelihood(head, hidden, targets, likelihoods);
                lap(spent, 4, cpu);
                double seconds = (System.nanoTime() - start) * 1e-9;
                for (int part = 0; part < spent.length; part++) {
                    spent[part] /= rows;
                }
                double[] operations = shape.operations(groups, channels, layers);
                System.out.printf(
                        Locale.ROOT,
                        "%s, retained %.2f: %.0f tokens/s; CPU µs a token: %.1f, of the peak of %.0f GFLOP/s a core %s: %s%n",
                        backend.precision().label(),
                        retained,
                        rows / seconds,
                        DoubleStream.of(spent).sum(),
                        peak,
                        share(
                                DoubleStream.of(operations).sum(),
                                DoubleStream.of(spent).sum(),
                                peak),
                        IntStream.range(0, spent.length)
                                .mapToObj(part -> String.format(
                                        Locale.ROOT,
                                        "%s %.1f (%s)",
                                        PARTS.get(part),
                                        spent[part],
                                        share(operations[part], spent[part], peak)))
                                .collect(Collectors.joining(" + ")));
            }
            generate(backend, shape, layers, groups, channels, attention, mlp, head, threads);
        }
    }

    private static String share(double operations, double microseconds, double peak) {
        return String.format(Locale.ROOT, "%.0f%%", 100 * operations / microseconds / 1e3 / peak);
    }

    /** GFLOP/s of a core: an MLP's output map alone, of 2048 inputs and outputs, with 1024 tokens. */
    private static double peak(Arena arena, ComputeBackend backend) {
        int width = 2048;
        int rows = 1024;
        var spec = new MlpSpec(
                new Normalization(Normalization.Kind.RMS, 1e-5), width, width, false, Activation.RELU, false, false);
        Matrix square = random(arena, width, width);
        ModuleWeights weights = ModuleWeights.ofMlp(
                new NormWeights(random(arena, 1, width), null), null, Linear.of(square), Linear.of(square));
        double best = 0;
        try (LoadedModule map = backend.load(spec, weights);
                DeviceMatrix features = backend.allocate(rows, width);
                DeviceMatrix hidden = backend.allocate(rows, width)) {
            for (int round = 0; round < 8; round++) {
                double start = cpuTime();
                backend.project(map, width, rows, features, hidden);
                best = Math.max(best, 2e-3 * rows * width * width / (cpuTime() - start));
            }
        }
        return best;
    }

    /** Token by token, by the speed of memory: each reads all weights. */
    private static void generate(
            ComputeBackend backend,
            Shape shape,
            int layers,
            int groups,
            int channels,
            LoadedModule attention,
            LoadedModule mlp,
            LoadedHead head,
            int threads) {
        int width = Math.max(attention.spec().features(groups), channels);
        double best = 0;
        try (Arena arena = Arena.ofShared();
                KeyValueCache cache = backend.keyValueCache(attention, groups, layers * NEW_TOKENS);
                DeviceMatrix hidden = backend.allocate(1, shape.hidden());
                DeviceMatrix features = backend.allocate(1, width)) {
            Matrix embedded = random(arena, 1, shape.hidden());
            Matrix logits = Matrix.allocate(arena, DataType.F32, 1, shape.vocabulary());
            for (int round = 0; round < 3; round++) {
                cache.truncate(0);
                long start = System.nanoTime();
                for (int token = 0; token < NEW_TOKENS; token++) {
                    backend.write(embedded, hidden, 0);
                    for (int layer = 0; layer < layers; layer++) {
                        backend.nextFeatures(cache, 1, hidden, features);
                        backend.project(attention, groups, 1, features, hidden);
                        backend.features(mlp, channels, new BatchShape(1, 1), hidden, features);
                        backend.project(mlp, channels, 1, features, hidden);
                    }
                    backend.logits(head, hidden, 0, logits);
                }
                best = Math.max(best, NEW_TOKENS * 1e9 / (System.nanoTime() - start));
            }
        }
        long[] weights = shape.weights(groups, channels);
        long bytes = (LongStream.of(weights).limit(HEAD).sum() * layers + weights[HEAD]) * backend.bytesPerWeight();
        double read = bytes * best / 1e9;
        double memory = readingMemory(threads);
        System.out.printf(
                Locale.ROOT,
                "%s, retained %.2f: %.1f new tokens/s read %.1f GB/s of weights, %.0f%% of the %.1f of reading memory%n",
                backend.precision().label(),
                (double) channels / shape.channels(),
                best,
                read,
                100 * read / memory,
                memory);
    }

    /** GB/s of some threads that sum up numbers. */
    private static double readingMemory(int threads) {
        var numbers = new long[1 << 26];
        Arrays.fill(numbers, 1);
        double best = 0;
        for (int round = 0; round < 8; round++) {
            long start = System.nanoTime();
            long sum = IntStream.range(0, threads)
                    .parallel()
                    .mapToLong(part -> sum(numbers, (int) ((long) numbers.length * part / threads), (int)
                            ((long) numbers.length * (part + 1) / threads)))
                    .sum();
            best = Math.max(best, 8.0 * sum / (System.nanoTime() - start));
        }
        return best;
    }

    private static long sum(long[] numbers, int from, int to) {
        long sum = 0;
        for (int i = from; i < to; i++) {
            sum += numbers[i];
        }
        return sum;
    }

    private static double lap(double[] spent, int part, double since) {
        double now = cpuTime();
        spent[part] += now - since;
        return now;
    }

    /** CPU time of all threads in microseconds. */
    private static double cpuTime() {
        return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime() * 1e-3;
    }

    private static Matrix random(Arena arena, int rows, int columns) {
        Matrix matrix = Matrix.allocate(arena, DataType.BF16, rows, columns);
        var random = new SplittableRandom(rows * 31L + columns);
        double scale = 1 / Math.sqrt(columns);
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                matrix.set(row, column, (float) (scale * (random.nextDouble() - 0.5)));
            }
        }
        return matrix;
    }
}
