package io.fastforward.spi.prune;

import io.fastforward.spi.Options;
import io.fastforward.spi.Plugin;
import io.fastforward.spi.measure.ModuleView;
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
     * One score for each {@linkplain ModuleSpec#parts() part} of a unit, which mostly is the unit; those of high score
     * are kept.
     *
     * @return {@code module.spec().parts()} finite numbers
     * @throws IllegalArgumentException if the weights or what was measured hold NaN or infinity
     */
    double[] score(ModuleView module);
}
