package io.fastforward.plugin;

import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.prune.Criterion;
import io.fastforward.spi.tensor.DoubleMatrix;
import java.util.Arrays;

/** A criterion whose scores are known to be finite and as many as they should be. */
final class CheckedCriterion implements Criterion {

    private final PluginOrigin origin;
    private final Criterion criterion;
    private final Statistics statistics;

    CheckedCriterion(PluginOrigin origin, Criterion criterion) {
        this.origin = origin;
        this.criterion = criterion;
        statistics = origin.call("telling what it measures", criterion::statistics);
    }

    @Override
    public Statistics statistics() {
        return statistics;
    }

    @Override
    public double[] score(Module module) {
        String part = (module.spec() instanceof AttentionSpec ? "attention" : "MLP") + " of layer " + module.layer();
        String doing = "scoring the " + part;
        EngineCalls engine = new EngineCalls();
        Module shown = new Module(
                module.layer(),
                module.spec(),
                module.weights(),
                module.tokens(),
                module.moments(),
                () -> engine.call(module.outputMagnitudes()));
        double[] scores;
        try {
            scores = engine.within(() -> origin.callThatMayReject(doing, () -> criterion.score(shown)))
                    .clone();
        } catch (IllegalArgumentException e) {
            if (isFinite(module)) {
                throw origin.failed(doing, e);
            }
            throw e;
        }
        int parts = module.spec().parts();
        if (scores.length != parts) {
            throw origin.failure("gave " + scores.length + " scores for the " + part + ", expected " + parts);
        }
        for (int i = 0; i < parts; i++) {
            if (!Double.isFinite(scores[i])) {
                if (!isFinite(module)) {
                    throw new IllegalArgumentException("the features that were measured are not finite");
                }
                throw origin.failure("gave the score " + scores[i] + " for unit " + i + " of the " + part
                        + ", expected a finite number");
            }
        }
        return scores;
    }

    private static boolean isFinite(Module module) {
        DoubleMatrix moments = module.moments();
        return (moments == null || FiniteNumbers.areIn(moments))
                && Arrays.stream(module.outputMagnitudes().get()).allMatch(Double::isFinite);
    }
}
