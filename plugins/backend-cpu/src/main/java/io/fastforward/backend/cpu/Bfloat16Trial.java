package io.fastforward.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import io.fastforward.backend.cpu.algebra.FloatView;
import io.fastforward.backend.cpu.algebra.OpenBlas;
import io.fastforward.backend.cpu.kernel.RowKernels;
import io.fastforward.backend.cpu.onednn.OneDnn;
import io.fastforward.spi.backend.PrecisionSupport;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.util.Locale;
import java.util.SplittableRandom;

/**
 * Finds out by trying whether linear maps in bfloat16 are right and faster on this machine: one thread multiplies the same
 * numbers in both precisions, in turn. What processors promise is no answer: with AVX-512 but without bfloat16
 * instructions oneDNN emulates some products, ten times slower, and has nothing but plain loops for others; with AVX2 alone
 * it refuses.
 */
final class Bfloat16Trial {

    /** 1.1 GFLOP: 3 to 6 ms in single precision, long enough for a clock, and every processor's caches hold it. */
    private static final int TOKENS = 512;

    private static final int WIDTH = 1024;

    private static final int ROUNDS = 20;

    /** By how much parts are smaller than the whole, and how many tokens are multiplied by them. */
    private static final int[] PARTS = {1, 7, 33, 300};

    /** Products are most of a model's time, not all of it; below that the rest eats up what is gained. */
    private static final double WORTH_WHILE = 1.25;

    private Bfloat16Trial() {}

    /** The answer, found once. */
    private static final class Answer {
        static final PrecisionSupport SUPPORT = find();
    }

    /** What was found; takes a second the first time. */
    static PrecisionSupport support() {
        return Answer.SUPPORT;
    }

    private static PrecisionSupport find() {
        try (Arena arena = Arena.ofShared();
                CpuResources single = resources(new SingleMaps(OpenBlas.loadAvailable()));
                CpuResources rounded = resources(PackedMaps.of(OneDnn.open(), 1))) {
            return compare(arena, single, rounded);
        } catch (LinkageError | RuntimeException e) {
            return PrecisionSupport.missing("no bfloat16 here: " + reason(e));
        }
    }

    private static CpuResources resources(MapProducts maps) {
        return CpuResources.create(OpenBlas.loadAvailable(), maps, RowKernels.best(), 1);
    }

    private static PrecisionSupport compare(Arena arena, CpuResources single, CpuResources rounded) {
        Matrix stored = numbers(arena, WIDTH, WIDTH, 1);
        FloatView tokens = FloatView.allocate(arena, TOKENS, WIDTH);
        single.widen(numbers(arena, TOKENS, WIDTH, 2), tokens);
        var expected = new Trial(single, load(arena, single, stored), tokens, FloatView.allocate(arena, TOKENS, WIDTH));
        var tried = new Trial(rounded, load(arena, rounded, stored), tokens, FloatView.allocate(arena, TOKENS, WIDTH));
        String library = rounded.maps().description();
        long fastestSingle = Long.MAX_VALUE;
        long fastestRounded = Long.MAX_VALUE;
        for (int round = 0; round < ROUNDS; round++) {
            fastestSingle = Math.min(fastestSingle, expected.time(TOKENS, WIDTH, WIDTH));
            fastestRounded = Math.min(fastestRounded, tried.time(TOKENS, WIDTH, WIDTH));
        }
        double difference = tried.greatestDifference(expected);
        for (int part : PARTS) { // what candidates take, and few tokens; the rest of the result stays from before
            expected.time(part, WIDTH - part, WIDTH - part);
            tried.time(part, WIDTH - part, WIDTH - part);
            difference = Math.max(difference, tried.greatestDifference(expected));
        }
        // Every number is at most 1 and representable in bfloat16, so either result is this close to the exact sum.
        double bound = 2.0 * (WIDTH + 4) * 0x1p-24 * WIDTH;
        if (!(difference <= bound)) {
            return PrecisionSupport.missing(String.format(
                    Locale.ROOT,
                    "no bfloat16 here: %s are wrong, by %.3g where %.3g may be",
                    library,
                    difference,
                    bound));
        }
        double ratio = (double) fastestSingle / fastestRounded;
        return new PrecisionSupport(
                true,
                ratio >= WORTH_WHILE,
                String.format(
                        Locale.ROOT,
                        "%s, %.1f times as fast as in f32 (%.0f and %.0f GFLOP/s a core)",
                        library,
                        ratio,
                        speed(fastestRounded),
                        speed(fastestSingle)));
    }

    private static MapWeights load(Arena arena, CpuResources cpu, Matrix stored) {
        MapWeights weights = cpu.maps().allocate(arena, WIDTH, WIDTH, true);
        weights.write(cpu, stored, 0);
        return weights;
    }

    /** One way to multiply the numbers. */
    private record Trial(CpuResources cpu, MapWeights weights, FloatView tokens, FloatView result) {

        /** Nanoseconds of a product of leading parts, with what it takes to make its input ready. */
        long time(int rows, int inputs, int outputs) {
            long start = System.nanoTime();
            MapInput input = weights.input(cpu, tokens, rows, inputs);
            weights.multiply(cpu, input, rows, inputs, 0, outputs, 0, result, 0);
            return Math.max(1, System.nanoTime() - start);
        }

        double greatestDifference(Trial other) {
            double greatest = 0;
            for (long i = 0; i < (long) TOKENS * WIDTH; i++) {
                double mine = result.data().getAtIndex(JAVA_FLOAT, i);
                double others = other.result.data().getAtIndex(JAVA_FLOAT, i);
                greatest = Math.max(greatest, Math.abs(mine - others)); // NaN stays
            }
            return greatest;
        }
    }

    private static double speed(long nanoseconds) {
        return 2.0 * TOKENS * WIDTH * WIDTH / nanoseconds;
    }

    /** Numbers between −1 and 1. */
    private static Matrix numbers(Arena arena, int rows, int columns, long seed) {
        Matrix matrix = Matrix.allocate(arena, DataType.BF16, rows, columns);
        var random = new SplittableRandom(seed);
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                matrix.set(row, column, (float) random.nextDouble(-1, 1));
            }
        }
        return matrix;
    }

    private static String reason(Throwable e) {
        Throwable first = OpenBlas.firstCause(e);
        return String.valueOf(first.getMessage()).lines().findFirst().orElse(first.toString());
    }
}
