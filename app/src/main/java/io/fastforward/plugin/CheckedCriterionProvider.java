package io.fastforward.plugin;

import io.fastforward.spi.Options;
import io.fastforward.spi.prune.Criterion;

/** A maker of criteria that are checked. */
record CheckedCriterionProvider(CalledPlugin called, Criterion.Provider plugin)
        implements CheckedPlugin, Criterion.Provider {

    @Override
    public Criterion create(Options options) {
        return new CheckedCriterion(
                called, called.callWithOptions("creating a criterion", options, () -> plugin.create(options)));
    }
}
