package io.fastforward.spi.prune;

import io.fastforward.spi.Options;
import io.fastforward.spi.Plugin;
import io.fastforward.spi.measure.ModuleView;
import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.model.ModuleSpec;
import java.util.Set;

/**
 * Scores the units of a module: how much the model would lose with each of them. Implementations are stateless, pure
 * (same input, same scores) and safe to call from several threads.
 */
public interface Criterion {

    /** Makes criteria of one kind. */
    interface Provider extends Plugin {

        /**
         * A criterion.
         *
         * @throws IllegalArgumentException if options do not go together; the message names them
         */
        Criterion create(Options options);
    }

    /** What {@link #score} reads; the engine measures it on the dense model, and nothing else. */
    Set<Wish> wishes();

    /**
     * Whether scores depend on how many units are kept, so that they serve runs of one sparsity alone. Scores of a criterion that
     * says no are shared between runs that prune a model to several sizes.
     */
    default boolean dependsOnKept() {
        return true;
    }

    /**
     * About how many multiply-adds in double precision the scores of a module take, beside what is measured: how long a run takes is
     * estimated with it. Those of a factor, which is slower than products, count twice.
     *
     * @param module a module with all units
     * @return by default those of the inverse of a Gram matrix, if it wishes for one, else none
     */
    default double multiplyAdds(ModuleSpec module) {
        if (wishes().stream().noneMatch(wish -> wish.moment() == Moment.GRAM)) {
            return 0;
        }
        double features = module.features(module.units());
        return 4.0 / 3 * features * features * features;
    }

    /**
     * One score for each {@linkplain ModuleSpec#parts() part} of a unit, which mostly is the unit; those of high score
     * are kept. How many that will be is mostly found later, so all ranks count.
     *
     * @param module the module with all units, as the dense model has it
     * @param kept how many units the module is likely to keep, from 1 to all: as many as under uniform pruning, or a given
     *     policy. It is for criteria that choose the best set of that size instead of ranking units one by one; the order
     *     inside and outside of the set serves the other sizes. Others do not look at it, and {@linkplain #dependsOnKept() say so}
     * @param workbench linear algebra. It has no batches: when a module is scored, the hidden states have moved on behind it
     * @return {@code module.spec().parts()} finite numbers
     * @throws IllegalArgumentException if the weights or what was measured hold NaN or infinity, or the criterion can make
     *     nothing of them; the message says of which module, and what to do
     */
    double[] score(ModuleView module, int kept, Workbench workbench);
}
