package io.fastforward.sparsifiers;

import com.sun.management.OperatingSystemMXBean;
import io.fastforward.spi.Options;
import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.measure.MapView;
import io.fastforward.spi.measure.Measured;
import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.prune.Pattern;
import io.fastforward.spi.prune.Sparsifier;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.DoubleMatrix;
import io.fastforward.spi.tensor.Matrix;
import io.fastforward.testkit.PlainWorkbench;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Seconds for single maps, wall and CPU (so that other load on the machine counts less), with random weights and a made-up
 * Gram matrix: a diagonal and a few common directions. Does not need the linear algebra at compile time: the best that is on
 * the class path serves.
 *
 * <p>Arguments: sparsifier, pattern, threads, and any number of maps, {@code outputs}x{@code inputs}.
 */
final class SparsifierBenchmark {

    private static final int DIRECTIONS = 16;

    private SparsifierBenchmark() {}

    public static void main(String[] arguments) {
        Sparsifier.Provider provider = find(Sparsifier.Provider.class, arguments[0]);
        Sparsifier sparsifier = provider.create(Options.defaults(provider));
        Pattern pattern = Pattern.parse(arguments[1]);
        LinearAlgebra.Provider algebras = ServiceLoader.load(LinearAlgebra.Provider.class).stream()
                .map(ServiceLoader.Provider::get)
                .filter(one -> one.probe().available())
                .max(Comparator.comparingInt(LinearAlgebra.Provider::priority))
                .orElseThrow();
        try (LinearAlgebra algebra = algebras.open(Integer.parseInt(arguments[2]))) {
            for (String shape : Arrays.asList(arguments).subList(3, arguments.length)) {
                String[] sizes = shape.split("x", 2);
                run(sparsifier, pattern, algebra, Integer.parseInt(sizes[0]), Integer.parseInt(sizes[1]));
            }
        }
    }

    private static Sparsifier.Provider find(Class<Sparsifier.Provider> type, String id) {
        return ServiceLoader.load(type).stream()
                .map(ServiceLoader.Provider::get)
                .filter(one -> one.id().equals(id))
                .findFirst()
                .orElseThrow();
    }

    private static void run(Sparsifier sparsifier, Pattern pattern, LinearAlgebra algebra, int outputs, int inputs) {
        try (Arena arena = Arena.ofShared()) {
            MapView map = map(sparsifier, outputs, inputs, arena);
            // The compiler has seen the loops before they are measured.
            sparsifier.sparsify(map(sparsifier, 64, 256, arena), pattern, new PlainWorkbench(algebra, arena, Map.of()));
            long start = System.nanoTime();
            double cpu = cpuSeconds();
            sparsifier.sparsify(map, pattern, new PlainWorkbench(algebra, arena, Map.of()));
            System.out.printf(
                    Locale.ROOT,
                    "%dx%d %.2f %.2f%n",
                    outputs,
                    inputs,
                    (System.nanoTime() - start) * 1e-9,
                    cpuSeconds() - cpu);
        }
    }

    private static double cpuSeconds() {
        return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime() * 1e-9;
    }

    private static MapView map(Sparsifier sparsifier, int outputs, int inputs, Arena arena) {
        SplittableRandom random = new SplittableRandom(inputs);
        Matrix weight = Matrix.allocate(arena, DataType.BF16, outputs, inputs);
        for (int i = 0; i < outputs; i++) {
            for (int j = 0; j < inputs; j++) {
                weight.set(i, j, (float) (random.nextGaussian() / Math.sqrt(inputs)));
            }
        }
        DoubleMatrix gram = gram(inputs, random, arena);
        Map<Wish, DoubleMatrix> moments = sparsifier.wishes(MapView.tap(MapRole.UP)).stream()
                .collect(Collectors.toMap(
                        Function.identity(),
                        wish -> wish.moment() == Moment.SQUARE_SUMS ? diagonal(gram, arena) : gram));
        return new MapView(0, MapRole.UP, Linear.of(weight), new Measured(inputs, moments));
    }

    private static DoubleMatrix diagonal(DoubleMatrix gram, Arena arena) {
        DoubleMatrix diagonal = DoubleMatrix.allocate(arena, 1, gram.columns());
        for (int j = 0; j < gram.columns(); j++) {
            diagonal.set(0, j, gram.get(j, j));
        }
        return diagonal;
    }

    private static DoubleMatrix gram(int inputs, SplittableRandom random, Arena arena) {
        double[][] directions = new double[DIRECTIONS][];
        Arrays.setAll(directions, k -> random.doubles(inputs, -1, 1).toArray());
        DoubleMatrix gram = DoubleMatrix.allocate(arena, inputs, inputs);
        for (int i = 0; i < inputs; i++) {
            double[] row = new double[inputs];
            for (double[] direction : List.of(directions)) {
                for (int j = 0; j < inputs; j++) {
                    row[j] += direction[i] * direction[j];
                }
            }
            row[i] += 1 + i % 7;
            gram.writeRow(i, row, row.length);
        }
        return gram;
    }
}
