package io.fastforward.backend.cpu;

import com.sun.management.OperatingSystemMXBean;
import io.fastforward.spi.backend.BatchShape;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.DeviceMatrix;
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
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Tokens per second of perplexity evaluation, with a breakdown, for a model of random weights. All layers share one
 * set of weights: a layer is larger than the caches anyway, or the whole model is smaller.
 *
 * <p>Arguments: {@code demo} or {@code 1b}, the number of layers, retained share of the units, repetitions, threads,
 * {@code f32} or {@code bf16}.
 */
final class ModelBenchmark {

    private ModelBenchmark() {}

    /** The shape of a model and of the evaluated windows. */
    private record Shape(
            int hidden, int headSize, int groups, int queriesPerGroup, int channels, int vocabulary, BatchShape batch) {

        static Shape named(String name) {
            return switch (name) {
                case "demo" -> new Shape(192, 32, 6, 1, 512, 1024, new BatchShape(16, 256));
                case "1b" -> new Shape(2048, 64, 4, 8, 5632, 32_000, new BatchShape(1, 2048));
                default -> throw new IllegalArgumentException("unknown shape " + name + "; there are demo and 1b");
            };
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
            run(arena, backend, shape, layers, retained, repetitions);
        }
    }

    private static void run(
            Arena arena, ComputeBackend backend, Shape shape, int layers, double retained, int repetitions) {
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
                System.out.printf(
                        Locale.ROOT,
                        "%s, retained %.2f: %.0f tokens/s; CPU µs a token: %.1f = attention features %.1f + projection %.1f"
                                + " + MLP features %.1f + projection %.1f + likelihood %.1f%n",
                        backend.precision().label(),
                        retained,
                        rows / seconds,
                        DoubleStream.of(spent).sum() / rows,
                        spent[0] / rows,
                        spent[1] / rows,
                        spent[2] / rows,
                        spent[3] / rows,
                        spent[4] / rows);
            }
        }
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
