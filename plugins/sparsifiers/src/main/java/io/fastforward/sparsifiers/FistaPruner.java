package io.fastforward.sparsifiers;

import io.fastforward.spi.OptionSpec;
import io.fastforward.spi.OptionSpec.Range;
import io.fastforward.spi.Options;
import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.measure.HiddenStream;
import io.fastforward.spi.measure.MapView;
import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.measure.Tap;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MapShape;
import io.fastforward.spi.prune.Pattern;
import io.fastforward.spi.prune.Sparsifier;
import io.fastforward.spi.prune.Workbench;
import io.fastforward.spi.tensor.DoubleMatrix;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Set;

/**
 * FISTAPruner (Zhao, Hu, Li, Zheng, Wang, Yuan: FISTAPruner: Layer-wise Post-training Pruning for Large Language Models, EMNLP
 * 2025, arXiv:2408.03728): least squares towards the dense map with an l1 penalty, rounded to the pattern. The penalty is
 * found by bisection: if rounding is more than a threshold of the whole error, it is raised, else lowered. The best rounded
 * map so far is kept, the warm start among them, and the next round starts from it.
 *
 * <p>λ = μ · L · mean |W|, so that one step shrinks weights by μ · mean |W|, whatever the scale of inputs and weights; μ is
 * bisected geometrically, from 1e-4, which is as good as none, to 1e-1, which is far too much (docs/decisions/sparsifiers.md).
 *
 * <p>Scratch memory: four matrices of the weights' size in double precision, {@value Blocks#ROWS} rows of as many, and what
 * the warm start takes.
 */
public final class FistaPruner implements Sparsifier {

    static final OptionSpec ITERATIONS =
            OptionSpec.wholeNumber("iterations", "most steps of a round", 20, Range.between(1, 100_000));
    static final OptionSpec ROUNDS =
            OptionSpec.wholeNumber("rounds", "penalties that are tried", 3, Range.between(1, 1000));
    static final OptionSpec THRESHOLD = OptionSpec.number(
            "threshold", "share of rounding in the error above which the penalty is raised", 0.3, Range.between(0, 1));

    private static final double LEAST_PENALTY = 1e-4;
    private static final double MOST_PENALTY = 1e-1;

    private final WarmStart start;
    private final int iterations;
    private final int rounds;
    private final double threshold;

    FistaPruner(WarmStart start, int iterations, int rounds, double threshold) {
        this.start = start;
        this.iterations = iterations;
        this.rounds = rounds;
        this.threshold = threshold;
    }

    /** Finds it by its name. */
    public static final class Provider implements Sparsifier.Provider {

        @Override
        public String id() {
            return "fista";
        }

        @Override
        public String description() {
            return "least squares with an l1 penalty, rounded to the pattern (FISTAPruner; Zhao et al., 2025)";
        }

        @Override
        public List<OptionSpec> options() {
            return List.of(WarmStart.OPTION, ITERATIONS, ROUNDS, THRESHOLD);
        }

        @Override
        public Sparsifier create(Options options) {
            return new FistaPruner(
                    WarmStart.named(options.text(WarmStart.OPTION.name())),
                    options.wholeNumber(ITERATIONS.name()),
                    options.wholeNumber(ROUNDS.name()),
                    options.number(THRESHOLD.name()));
        }
    }

    @Override
    public Set<Wish> wishes(Tap tap) {
        return Set.of(
                new Wish(tap, Moment.GRAM, HiddenStream.OWN),
                new Wish(tap, Moment.CROSS_GRAM, HiddenStream.DENSE),
                new Wish(tap, Moment.GRAM, HiddenStream.DENSE));
    }

    /** That of the warm start, and three maps beside it. */
    @Override
    public long scratchBytes(MapShape map) {
        return Sparsifier.super.scratchBytes(map) + Fista.scratchBytes(map, 3);
    }

    @Override
    public double multiplyAdds(MapShape map) {
        return Sparsifier.super.multiplyAdds(map) + Fista.multiplyAdds(map, rounds, iterations);
    }

    @Override
    public boolean repairs() {
        return true;
    }

    @Override
    public Linear sparsify(MapView map, Pattern pattern, Workbench workbench) {
        pattern.requireFits(map.map().weight().columns());
        LinearAlgebra algebra = workbench.algebra();
        try (Arena scratch = Arena.ofShared()) {
            DoubleMatrix weights = Weights.of(map, scratch);
            Problem problem = Problem.of(map, weights, algebra, scratch);
            double squaredOutput = Problem.squaredOutput(map, weights, algebra);
            double meanMagnitude = meanMagnitude(weights);
            Mask mask = start.start(weights, pattern, problem, algebra);
            DoubleMatrix best = DoubleMatrix.allocate(scratch, weights.rows(), weights.columns());
            Blocks.copy(weights, best);
            mask.applyTo(best);
            Fista fista = new Fista(problem, algebra);
            if (fista.lipschitz() > 0) {
                Rounds tried = new Rounds(problem, squaredOutput, pattern, algebra);
                best = tried.best(fista, weights, best, meanMagnitude, scratch);
            }
            return Weights.replaced(map, best, workbench.arena());
        }
    }

    /** The search for the penalty. */
    private final class Rounds {

        private final Problem problem;
        private final double squaredOutput;
        private final Pattern pattern;
        private final LinearAlgebra algebra;

        Rounds(Problem problem, double squaredOutput, Pattern pattern, LinearAlgebra algebra) {
            this.problem = problem;
            this.squaredOutput = squaredOutput;
            this.pattern = pattern;
            this.algebra = algebra;
        }

        /**
         * The best rounded map.
         *
         * @param start where the first round starts from; it need not have the pattern
         * @param rounded the first candidate
         */
        DoubleMatrix best(Fista fista, DoubleMatrix start, DoubleMatrix rounded, double meanMagnitude, Arena scratch) {
            DoubleMatrix from = start;
            DoubleMatrix best = rounded;
            DoubleMatrix candidate = DoubleMatrix.allocate(scratch, start.rows(), start.columns());
            double lowest = error(best);
            double least = LEAST_PENALTY;
            double most = MOST_PENALTY;
            for (int round = 0; round < rounds; round++) {
                double penalty = Math.sqrt(least * most);
                fista.run(from, penalty * meanMagnitude, iterations, candidate);
                double before = error(candidate);
                Mask.ofMap(candidate.rows(), candidate.columns(), pattern, Scores.magnitudes(candidate))
                        .applyTo(candidate);
                double after = error(candidate);
                if (after - before > threshold * after) {
                    least = penalty;
                } else {
                    most = penalty;
                }
                if (after < lowest) {
                    DoubleMatrix worse = best;
                    best = candidate;
                    candidate = worse;
                    lowest = after;
                }
                from = best;
            }
            return best;
        }

        /** ‖W′ x* − W x‖, the root of the squared error. */
        private double error(DoubleMatrix weights) {
            return Math.sqrt(Math.max(0, problem.objective(weights, algebra) + squaredOutput));
        }
    }

    static double meanMagnitude(DoubleMatrix weights) {
        double[] row = new double[weights.columns()];
        double sum = 0;
        for (int i = 0; i < weights.rows(); i++) {
            weights.readRow(i, row, row.length);
            for (double weight : row) {
                sum += Math.abs(weight);
            }
        }
        return sum / weights.rows() / weights.columns();
    }
}
