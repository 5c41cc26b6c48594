package io.fastforward.plugin;

import io.fastforward.spi.Options;
import io.fastforward.spi.prune.Criterion;

/** A maker of criteria that are checked. */
final class CheckedCriterionProvider extends CheckedPlugin<Criterion.Provider> implements Criterion.Provider {

    CheckedCriterionProvider(String kind, String origin, boolean external, Criterion.Provider plugin) {
        super(kind, origin, external, plugin);
    }

    @Override
    public Criterion create(Options options) {
        return new CheckedCriterion(
                origin(), origin().callWithOptions("creating a criterion", options, () -> plugin().create(options)));
    }
}
