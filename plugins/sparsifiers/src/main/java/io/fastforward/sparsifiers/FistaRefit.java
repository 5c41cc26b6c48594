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
 * FISTA looks for zeros, least squares for the weights: each round goes some steps with an l1 penalty from the best map so far,
 * rounds to the pattern, and refits what stays by conjugate gradients on the mask, so that the shrinkage of the penalty is in no
 * candidate. A round that brings nothing makes the penalty a third.
 *
 * <p>The refit is on the mask and not on the nonzeros, so that a weight that the penalty set to zero, but the pattern does not
 * ask for, comes back.
 *
 * <p>Scratch memory: three matrices of the weights' size in double precision, {@value Blocks#ROWS} rows of as many, and what
 * the warm start takes.
 */
public final class FistaRefit implements Sparsifier {

    static final OptionSpec ROUNDS = OptionSpec.wholeNumber("rounds", "how often", 6, Range.between(0, 1000));
    static final OptionSpec REFIT =
            OptionSpec.wholeNumber("refit", "steps of conjugate gradients of a refit", 20, Range.between(1, 100_000));
    static final OptionSpec PENALTY = OptionSpec.number(
            "penalty", "first penalty: what a step shrinks weights by, relative to their mean", 1e-2, Range.above(0));

    private static final double LOWERED = 1.0 / 3;

    private final WarmStart start;
    private final int iterations;
    private final int rounds;
    private final int refit;
    private final double penalty;

    FistaRefit(WarmStart start, int iterations, int rounds, int refit, double penalty) {
        this.start = start;
        this.iterations = iterations;
        this.rounds = rounds;
        this.refit = refit;
        this.penalty = penalty;
    }

    /** Finds it by its name. */
    public static final class Provider implements Sparsifier.Provider {

        @Override
        public String id() {
            return "fista-refit";
        }

        @Override
        public String description() {
            return "FISTA finds the zeros and least squares the weights, in turns (FastForward)";
        }

        @Override
        public List<OptionSpec> options() {
            return List.of(WarmStart.OPTION, FistaPruner.ITERATIONS, ROUNDS, REFIT, PENALTY);
        }

        @Override
        public Sparsifier create(Options options) {
            return new FistaRefit(
                    WarmStart.named(options.text(WarmStart.OPTION.name())),
                    options.wholeNumber(FistaPruner.ITERATIONS.name()),
                    options.wholeNumber(ROUNDS.name()),
                    options.wholeNumber(REFIT.name()),
                    options.number(PENALTY.name()));
        }
    }

    @Override
    public Set<Wish> wishes(Tap tap) {
        return Set.of(
                new Wish(tap, Moment.GRAM, HiddenStream.OWN), new Wish(tap, Moment.CROSS_GRAM, HiddenStream.DENSE));
    }

    /** That of the warm start, and two maps beside it. */
    @Override
    public long scratchBytes(MapShape map) {
        return Sparsifier.super.scratchBytes(map) + Fista.scratchBytes(map, 2);
    }

    @Override
    public double multiplyAdds(MapShape map) {
        return Sparsifier.super.multiplyAdds(map) + Fista.multiplyAdds(map, rounds, (double) iterations + refit);
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
            double meanMagnitude = FistaPruner.meanMagnitude(weights);
            Mask mask = start.start(weights, pattern, problem, algebra);
            mask.applyTo(weights);
            problem.refit(weights, mask, refit, algebra);
            DoubleMatrix best = best(weights, meanMagnitude, pattern, problem, algebra, scratch);
            return Weights.replaced(map, best, workbench.arena());
        }
    }

    private DoubleMatrix best(
            DoubleMatrix start,
            double meanMagnitude,
            Pattern pattern,
            Problem problem,
            LinearAlgebra algebra,
            Arena scratch) {
        DoubleMatrix best = start;
        Fista fista = new Fista(problem, algebra);
        if (fista.lipschitz() == 0) {
            return best;
        }
        DoubleMatrix candidate = DoubleMatrix.allocate(scratch, start.rows(), start.columns());
        double lowest = problem.objective(best, algebra);
        double shrinkage = penalty * meanMagnitude;
        for (int round = 0; round < rounds; round++) {
            fista.run(best, shrinkage, iterations, candidate);
            Mask mask = Mask.ofMap(candidate.rows(), candidate.columns(), pattern, Scores.magnitudes(candidate));
            mask.applyTo(candidate);
            problem.refit(candidate, mask, refit, algebra);
            double error = problem.objective(candidate, algebra);
            if (error < lowest) {
                DoubleMatrix worse = best;
                best = candidate;
                candidate = worse;
                lowest = error;
            } else {
                shrinkage *= LOWERED;
            }
        }
        return best;
    }
}
