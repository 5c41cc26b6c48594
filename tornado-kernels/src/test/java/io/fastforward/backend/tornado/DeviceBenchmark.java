package io.fastforward.backend.tornado;

import io.fastforward.spi.backend.BatchShape;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.DeviceMatrix;
import io.fastforward.spi.backend.LoadedHead;
import io.fastforward.spi.backend.LoadedModule;
import io.fastforward.spi.backend.Moments;
import io.fastforward.spi.backend.Precision;
import io.fastforward.spi.backend.PrecisionSupport;
import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.model.Activation;
import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.HeadWeights;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MlpSpec;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.model.NormWeights;
import io.fastforward.spi.model.Normalization;
import io.fastforward.spi.model.RotaryPositions;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;

/**
 * Times a model of random bfloat16 weights, the same in every layer, on a device: prefill with likelihoods and its kernels, pruned candidates, the
 * statistics that Wanda needs, and layers that are loaded in turn and ahead. Prints one line of JSON. Started by
 * {@code scripts/bench/gpu}.
 */
final class DeviceBenchmark {

    private static final Normalization RMS = new Normalization(Normalization.Kind.RMS, 1e-5);

    /** A LLaMA shape. */
    private record Shape(int layers, int hidden, int heads, int groups, int mlp, int vocabulary) {

        static Shape of(String name) {
            return switch (name) {
                case "tiny" -> new Shape(2, 192, 6, 6, 512, 1000);
                case "1b" -> new Shape(22, 2048, 32, 4, 5632, 32_000);
                case "7b" -> new Shape(32, 4096, 32, 32, 11_008, 32_000);
                default -> throw new IllegalArgumentException("unknown shape " + name);
            };
        }

        AttentionSpec attention() {
            int headSize = hidden / heads;
            List<Double> frequencies = IntStream.range(0, headSize / 2)
                    .mapToObj(i -> Math.pow(10_000, -2.0 * i / headSize))
                    .toList();
            return new AttentionSpec(
                    RMS, hidden, headSize, groups, heads / groups, new RotaryPositions(frequencies), 0, false, false);
        }

        MlpSpec feedForward() {
            return new MlpSpec(RMS, hidden, mlp, true, Activation.SILU, false, false);
        }
    }

    private final Shape shape;
    private final int tokens;
    private final ComputeBackend backend;
    private final KernelTimes times;
    private final SplittableRandom random = new SplittableRandom(1);
    private final List<LoadedModule> modules = new ArrayList<>();

    private DeviceBenchmark(Shape shape, int tokens, ComputeBackend backend, KernelTimes times) {
        this.times = times;
        this.shape = shape;
        this.tokens = tokens;
        this.backend = backend;
    }

    /** Arguments: tiny, 1b or 7b; tokens; repetitions; id of a device; f32 or bf16. */
    public static void main(String[] arguments) {
        if (precision(arguments[4]) == Precision.BFLOAT16) {
            PrecisionSupport support = DeviceCatalog.bfloat16(arguments[3]);
            if (!support.available()) {
                System.out.printf("{\"unavailable\": \"%s\"}%n", support.message());
                return;
            }
        }
        var times = new KernelTimes();
        try (ComputeBackend backend =
                new TornadoBackend(times.around(DeviceCatalog.program(arguments[3], precision(arguments[4]))))) {
            new DeviceBenchmark(Shape.of(arguments[0]), Integer.parseInt(arguments[1]), backend, times)
                    .run(Integer.parseInt(arguments[2]));
        }
    }

    private static Precision precision(String label) {
        return Arrays.stream(Precision.values())
                .filter(precision -> precision.label().equals(label))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("unknown precision " + label));
    }

    private void run(int repetitions) {
        double load;
        try (Arena arena = Arena.ofConfined()) {
            Layer layer = layer(arena);
            long begin = System.nanoTime();
            for (int i = 0; i < shape.layers; i++) {
                modules.addAll(load(layer));
            }
            load = seconds(begin);
        }
        try (Arena arena = Arena.ofConfined();
                LoadedHead head = backend.loadHead(
                        new HeadWeights(RMS, norm(arena), linear(arena, shape.vocabulary, shape.hidden)));
                DeviceMatrix hidden = backend.allocate(tokens, shape.hidden);
                DeviceMatrix scratch = backend.allocate(tokens, Math.max(shape.mlp, shape.hidden))) {
            Matrix input = matrix(arena, tokens, shape.hidden, 1);
            double dense = median(repetitions, () -> prefill(head, hidden, scratch, input, 1));
            times.apart(true);
            prefill(head, hidden, scratch, input, 1); // compiles what ran together so far
            times.reset();
            prefill(head, hidden, scratch, input, 1);
            String kernels = times.toJson();
            times.apart(false);
            double fifth = median(repetitions, () -> prefill(head, hidden, scratch, input, 0.8));
            double half = median(repetitions, () -> prefill(head, hidden, scratch, input, 0.5));
            double wanda = median(1, () -> statistics(hidden, scratch, input));
            modules.forEach(LoadedModule::close);
            modules.clear();
            double inTurn = median(1, () -> stream(hidden, scratch, false));
            double ahead = median(1, () -> stream(hidden, scratch, true));
            System.out.printf(
                    Locale.ROOT,
                    "{\"device\": \"%s\", \"precision\": \"%s\", \"tokens\": %d, \"loadSeconds\": %.2f, \"denseSeconds\": %.4f,"
                            + " \"candidate20Seconds\": %.4f, \"candidate50Seconds\": %.4f, \"wandaSeconds\": %.4f,"
                            + " \"inTurnSeconds\": %.4f, \"aheadSeconds\": %.4f, \"tokensPerSecond\": %.1f,"
                            + " \"kernels\": %s}%n",
                    backend.device(),
                    backend.precision().label(),
                    tokens,
                    load,
                    dense,
                    fifth,
                    half,
                    wanda,
                    inTurn,
                    ahead,
                    tokens / dense,
                    kernels);
        } finally {
            modules.forEach(LoadedModule::close);
        }
    }

    /** The weights of a layer. */
    private record Layer(ModuleWeights attention, ModuleWeights mlp) {}

    private Layer layer(Arena arena) {
        int keys = shape.attention().groups() * shape.attention().headSize();
        return new Layer(
                ModuleWeights.ofAttention(
                        norm(arena),
                        linear(arena, shape.hidden, shape.hidden),
                        linear(arena, keys, shape.hidden),
                        linear(arena, keys, shape.hidden),
                        linear(arena, shape.hidden, shape.hidden)),
                ModuleWeights.ofMlp(
                        norm(arena),
                        linear(arena, shape.mlp, shape.hidden),
                        linear(arena, shape.mlp, shape.hidden),
                        linear(arena, shape.hidden, shape.mlp)));
    }

    private List<LoadedModule> load(Layer layer) {
        return List.of(backend.load(shape.attention(), layer.attention), backend.load(shape.feedForward(), layer.mlp));
    }

    /** All layers, one after the other, each loaded when it is needed or while the one before computes. */
    private void stream(DeviceMatrix hidden, DeviceMatrix scratch, boolean ahead) {
        try (Arena arena = Arena.ofShared();
                ExecutorService loader = Executors.newSingleThreadExecutor()) {
            Layer layer = layer(arena);
            Future<List<LoadedModule>> next = loader.submit(() -> load(layer));
            for (int i = 0; i < shape.layers; i++) {
                List<LoadedModule> loaded = next.get();
                boolean more = i + 1 < shape.layers;
                if (ahead && more) {
                    next = loader.submit(() -> load(layer));
                }
                for (LoadedModule module : loaded) {
                    backend.apply(module, module.spec().units(), new BatchShape(1, tokens), hidden, scratch);
                    module.close();
                }
                if (!ahead && more) {
                    next = loader.submit(() -> load(layer));
                }
            }
        } catch (InterruptedException | ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    private void prefill(LoadedHead head, DeviceMatrix hidden, DeviceMatrix scratch, Matrix input, double retention) {
        backend.write(input, hidden, 0);
        var batch = new BatchShape(1, tokens);
        for (LoadedModule module : modules) {
            backend.apply(module, units(module.spec(), retention), batch, hidden, scratch);
        }
        int[] targets = new int[tokens];
        backend.logLikelihood(head, hidden, targets, new double[tokens]);
    }

    /** What Wanda needs to know: sums of squares of the features, and the weights of the columns, of every module. */
    private void statistics(DeviceMatrix hidden, DeviceMatrix scratch, Matrix input) {
        backend.write(input, hidden, 0);
        for (LoadedModule module : modules) {
            ModuleSpec spec = module.spec();
            int width = spec.features(spec.units());
            try (Moments squares = backend.moments(Moment.SQUARE_SUMS, width, width);
                    Arena arena = Arena.ofConfined()) {
                backend.features(module, spec.units(), new BatchShape(1, tokens), hidden, scratch);
                squares.add(scratch, scratch, tokens);
                squares.read(arena);
                backend.outputMagnitudes(module);
                backend.project(module, spec.units(), tokens, scratch, hidden);
            }
        }
    }

    private static int units(ModuleSpec spec, double retention) {
        return Math.max(1, (int) Math.round(spec.units() * retention));
    }

    private NormWeights norm(Arena arena) {
        return new NormWeights(matrix(arena, 1, shape.hidden, 1), null);
    }

    private Linear linear(Arena arena, int outputs, int inputs) {
        return Linear.of(matrix(arena, outputs, inputs, (float) (1 / Math.sqrt(inputs))));
    }

    private Matrix matrix(Arena arena, int rows, int columns, float size) {
        Matrix matrix = Matrix.allocate(arena, DataType.BF16, rows, columns);
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                matrix.set(row, column, size * (random.nextFloat() - 0.5f));
            }
        }
        return matrix;
    }

    /** After one run that compiles. */
    private static double median(int repetitions, Runnable work) {
        work.run();
        double[] seconds = new double[repetitions];
        for (int i = 0; i < repetitions; i++) {
            long begin = System.nanoTime();
            work.run();
            seconds[i] = seconds(begin);
        }
        Arrays.sort(seconds);
        return seconds[repetitions / 2];
    }

    private static double seconds(long begin) {
        return (System.nanoTime() - begin) * 1e-9;
    }
}
