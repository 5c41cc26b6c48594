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
 * Wanda (Sun, Liu, Bair, Kolter: A Simple and Effective Pruning Approach for Large Language Models, ICLR 2024,
 * section 3), summed over the columns of a unit. Column j of the output map W scores mean over i of |W_ij| · n_j,
 * where n_j = sqrt(mean over tokens of x_j²) is the norm of feature j; a unit scores the sum over its columns.
 *
 * <p>The mean over tokens, instead of the paper's sum, makes scores of different calibration sets comparable and
 * changes no order.
 *
 * <p>With the norm l2, the root mean square over i of W_ij stands for the mean magnitude: what the alternating scheme of
 * {@link Spap} amounts to with s in {0, 1}, when columns are normalised by their features.
 */
public final class Wanda implements Criterion {

    private final Norm norm;

    Wanda(Norm norm) {
        this.norm = norm;
    }

    /** Finds it by its name. */
    public static final class Provider implements Criterion.Provider {

        @Override
        public String id() {
            return "wanda";
        }

        @Override
        public String description() {
            return "mean |weight| times the norm of the feature, summed over a unit's columns (Wanda, Sun et al., 2024)";
        }

        @Override
        public List<OptionSpec> options() {
            return List.of(Norm.OPTION);
        }

        @Override
        public Criterion create(Options options) {
            return new Wanda(Norm.of(options));
        }
    }

    @Override
    public Set<Wish> wishes() {
        return Set.of(Features.SQUARE_SUMS);
    }

    @Override
    public boolean dependsOnKept() {
        return false;
    }

    @Override
    public double[] score(ModuleView module, int kept, Workbench workbench) {
        double[] columnScores = norm.ofColumns(module);
        double[] meanSquares = Features.meanSquares(module, Features.SQUARE_SUMS);
        for (int column = 0; column < columnScores.length; column++) {
            columnScores[column] *= Math.sqrt(meanSquares[column]);
        }
        return OutputColumns.sumByPart(module, columnScores);
    }
}
