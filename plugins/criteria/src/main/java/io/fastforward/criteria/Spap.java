package io.fastforward.criteria;

import io.fastforward.spi.OptionSpec;
import io.fastforward.spi.Options;
import io.fastforward.spi.measure.ModuleView;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.prune.Criterion;
import io.fastforward.spi.prune.Workbench;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Set;

/**
 * The mask of SPAP (Hu, Yuan: Structured Pruning via Alternating Optimization and Penalty Methods, arXiv:2505.03373, 2025), as
 * far as its abstract and summaries tell. Which m columns of the output map W go is a choice of s_j in {0, 1} with
 * W′ diag(s) = 0. It is relaxed, and a penalty method minimises ½‖W′X − WX‖² + ½ρ‖W′ diag(s)‖² over W′ and s by turns while ρ
 * grows. Our reading of the relaxation is 0 ≤ s_j ≤ 1, Σ s_j = m: by turns with s in {0, 1}, the mask would never move, since a
 * penalised column shrinks, so it stays among the smallest.
 *
 * <p>Features are brought to a mean square of 1 first: D = diag(√G_jj), G̃ = D⁻¹GD⁻¹, W̃ = WD, T = W̃G̃. By turns
 *
 * <pre>
 *   W′ = T (G̃ + ρ diag(s²) + ridge·I)⁻¹,  v_j = ‖W′_j‖²
 *   s = argmin Σ s_j² v_j, that is s_j = min(1, κ ÷ v_j)
 *   ρ ← growth · ρ
 * </pre>
 *
 * until the m columns with the smallest v_j are those of the turn before, and next to nothing is left of them. The score is v
 * then, so the kept ones come first; beyond them and inside, v ranks. It is the set for one size: for others it is better than
 * Wanda's where it was compared, and greedy-obs is better still.
 *
 * <p>SPAP prunes MLPs alone. Here a part of several columns has one s, and v_j is the sum over its columns; units with several
 * parts choose in every KV group by itself, for each loses as many. Features that are zero on all tokens go first.
 *
 * <p>Cost for n features: 20 to 35 turns of a Cholesky factor and {@code outputs} solutions,
 * n³/3 + 2 · outputs · n² floating-point operations each: for an MLP of 11008 channels and 4096 outputs 4 · 10¹³ in every
 * layer, five times as much as greedy-obs. None, if all units are kept. Scratch memory: {@code n² + (2 · outputs + 512) · n}
 * doubles.
 */
public final class Spap implements Criterion {

    /** With the default penalty it is reached in 24 to 32 turns on the demo model; at the 100th ρ is 10¹⁵. */
    private static final int MOST_TURNS = 100;

    private static final int USUAL_TURNS = 28;

    /** Of the norm of W′, what may be left in the columns that go: they are as good as gone. */
    private static final double NOTHING = 1e-3;

    private final double penalty;
    private final double growth;
    private final double ridge;

    Spap(double penalty, double growth, double ridge) {
        this.penalty = penalty;
        this.growth = growth;
        this.ridge = ridge;
    }

    /** Finds it by its name. */
    public static final class Provider implements Criterion.Provider {

        private static final OptionSpec PENALTY = OptionSpec.number(
                "penalty", "ρ at first, features having a mean square of 1", 0.01, OptionSpec.Range.above(0));
        private static final OptionSpec GROWTH =
                OptionSpec.number("growth", "of ρ in every turn", 1.5, OptionSpec.Range.between(1.01, 10));
        private static final OptionSpec RIDGE = OptionSpec.number(
                "ridge",
                "what is added to the mean square of the features, which is 1",
                1e-8,
                OptionSpec.Range.atLeast(0));

        @Override
        public String id() {
            return "spap";
        }

        @Override
        public String description() {
            return "the set of units that a growing penalty leaves over, for the expected number of them (as in SPAP);"
                    + " about 30 times n³/3 + 2 n² times the hidden size for n channels";
        }

        @Override
        public List<OptionSpec> options() {
            return List.of(PENALTY, GROWTH, RIDGE);
        }

        @Override
        public Criterion create(Options options) {
            return new Spap(
                    options.number(PENALTY.name()), options.number(GROWTH.name()), options.number(RIDGE.name()));
        }
    }

    /** A factor and solutions in every turn. */
    @Override
    public double multiplyAdds(ModuleSpec module) {
        double features = module.features(module.units());
        return USUAL_TURNS * (features / 3 + module.hiddenSize()) * features * features;
    }

    @Override
    public Set<Wish> wishes() {
        return Set.of(Features.GRAM);
    }

    @Override
    public double[] score(ModuleView module, int kept, Workbench workbench) {
        FeatureGram gram = FeatureGram.of(module);
        RelaxedMask mask = new RelaxedMask(module.spec(), module.spec().units() - kept);
        // Shared, because the linear algebra may use threads of its own.
        try (Arena scratch = Arena.ofShared()) {
            if (mask.removesNothing()) {
                return OutputColumns.sumByPart(module, normsOfAll(module, gram));
            }
            PenalisedMap map = PenalisedMap.of(gram, ridge, workbench.algebra(), scratch);
            return alternate(map, mask);
        }
    }

    /** v, for every part, at the end. */
    private double[] alternate(PenalisedMap map, RelaxedMask mask) {
        double rho = penalty;
        double[] norms = new double[0];
        boolean settled = false;
        for (int turn = 0; turn < MOST_TURNS && !settled; turn++) {
            norms = map.squaredNorms(rho, mask.shares());
            boolean unchanged = mask.follow(norms);
            settled = unchanged && Math.sqrt(mask.shareOfRemoved(norms)) < NOTHING;
            rho *= growth;
        }
        return norms;
    }

    /** v where nothing goes: the squared norms of the columns of W̃. */
    private static double[] normsOfAll(ModuleView module, FeatureGram gram) {
        double[] norms = OutputColumns.meanSquares(module);
        for (int j = 0; j < norms.length; j++) {
            norms[j] *= module.spec().hiddenSize() * gram.meanSquares()[j];
        }
        return norms;
    }
}
