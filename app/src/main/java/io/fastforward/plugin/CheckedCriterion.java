package io.fastforward.plugin;

import io.fastforward.spi.measure.ModuleView;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.prune.Criterion;
import java.util.Set;

/** A criterion whose scores are known to be finite and as many as they should be. */
final class CheckedCriterion implements Criterion {

    private final PluginOrigin origin;
    private final Criterion criterion;
    private final Set<Wish> wishes;

    CheckedCriterion(PluginOrigin origin, Criterion criterion) {
        this.origin = origin;
        this.criterion = criterion;
        wishes = origin.call("telling what it wishes to know", () -> Set.copyOf(criterion.wishes()));
    }

    @Override
    public Set<Wish> wishes() {
        return wishes;
    }

    @Override
    public double[] score(ModuleView module) {
        String doing = "scoring " + module.place();
        EngineCalls engine = new EngineCalls();
        ModuleView shown = new ModuleView(
                module.layer(),
                module.spec(),
                module.weights(),
                module.measured(),
                () -> engine.call(module.outputMagnitudes()));
        double[] scores;
        try {
            scores = engine.within(() -> origin.callThatMayReject(doing, () -> criterion.score(shown)))
                    .clone();
        } catch (IllegalArgumentException e) {
            if (FiniteNumbers.areIn(module)) {
                throw origin.failed(doing, e);
            }
            throw e;
        }
        int parts = module.spec().parts();
        if (scores.length != parts) {
            throw origin.failure("gave " + scores.length + " scores for " + module.place() + ", expected " + parts);
        }
        for (int i = 0; i < parts; i++) {
            if (!Double.isFinite(scores[i])) {
                FiniteNumbers.require(module);
                throw origin.failure("gave the score " + scores[i] + " for unit " + i + " of " + module.place()
                        + ", expected a finite number");
            }
        }
        return scores;
    }
}
