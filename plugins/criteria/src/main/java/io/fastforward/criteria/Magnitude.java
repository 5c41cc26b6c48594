package io.fastforward.criteria;

import io.fastforward.spi.OptionSpec;
import io.fastforward.spi.Options;
import io.fastforward.spi.measure.ModuleView;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.prune.Criterion;
import io.fastforward.spi.prune.Workbench;
import java.util.List;
import java.util.Set;

/**
 * Weight magnitude, the baseline that looks at no data: column j of the output map W scores mean over i of |W_ij|, or
 * with the norm l2 the root of the mean of W_ij²; a unit scores the sum over its columns (Han, Pool, Tran, Dally: Learning
 * both Weights and Connections for Efficient Neural Networks, NeurIPS 2015, for single weights).
 */
public final class Magnitude implements Criterion {

    private final Norm norm;

    Magnitude(Norm norm) {
        this.norm = norm;
    }

    /** Finds it by its name. */
    public static final class Provider implements Criterion.Provider {

        @Override
        public String id() {
            return "magnitude";
        }

        @Override
        public String description() {
            return "mean |weight|, summed over a unit's columns; needs no data (baseline)";
        }

        @Override
        public List<OptionSpec> options() {
            return List.of(Norm.OPTION);
        }

        @Override
        public Criterion create(Options options) {
            return new Magnitude(Norm.of(options));
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
        return OutputColumns.sumByPart(module, norm.ofColumns(module));
    }
}
