package io.fastforward.criteria;

import io.fastforward.spi.OptionSpec;
import io.fastforward.spi.Options;
import io.fastforward.spi.measure.ModuleView;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.prune.Criterion;
import io.fastforward.spi.prune.Workbench;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * Scores drawn evenly from [0, 1), the baseline that looks at nothing. They depend on the seed and the place of the module
 * alone, so that a module is ranked alike in every run, whichever others are pruned.
 */
public final class RandomScores implements Criterion {

    private final int seed;

    RandomScores(int seed) {
        this.seed = seed;
    }

    /** Finds it by its name. */
    public static final class Provider implements Criterion.Provider {

        private static final OptionSpec SEED =
                OptionSpec.wholeNumber("seed", "of the random numbers", 0, OptionSpec.Range.ANY);

        @Override
        public String id() {
            return "random";
        }

        @Override
        public String description() {
            return "random numbers; needs no data (baseline)";
        }

        @Override
        public List<OptionSpec> options() {
            return List.of(SEED);
        }

        @Override
        public Criterion create(Options options) {
            return new RandomScores(options.wholeNumber(SEED.name()));
        }
    }

    @Override
    public Set<Wish> wishes() {
        return Set.of();
    }

    @Override
    public boolean dependsOnKept() {
        return false;
    }

    @Override
    public double[] score(ModuleView module, int kept, Workbench workbench) {
        int place = 2 * module.layer() + (module.spec() instanceof AttentionSpec ? 0 : 1);
        SplittableRandom random = new SplittableRandom(((long) seed << Integer.SIZE) + place);
        return random.doubles(module.spec().parts()).toArray();
    }
}
