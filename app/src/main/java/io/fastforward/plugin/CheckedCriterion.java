package io.fastforward.plugin;

import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.prune.Criterion;
import io.fastforward.spi.tensor.DoubleMatrix;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A criterion whose scores are known to be finite and as many as they should be. */
final class CheckedCriterion extends CheckedPlugin<Criterion> implements Criterion {

    private final Statistics statistics;

    CheckedCriterion(String kind, String origin, boolean external, Criterion plugin) {
        super(kind, origin, external, plugin);
        statistics = statistics(plugin.statistics());
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
            scores = engine.within(() -> origin().callThatMayReject(doing, () -> plugin().score(shown)))
                    .clone();
        } catch (IllegalArgumentException e) {
            if (isFinite(module)) {
                throw origin().failed(doing, e);
            }
            throw e;
        }
        int parts = module.spec().parts();
        if (scores.length != parts) {
            throw origin().failure("gave " + scores.length + " scores for the " + part + ", expected " + parts);
        }
        for (int i = 0; i < parts; i++) {
            if (!Double.isFinite(scores[i])) {
                if (!isFinite(module)) {
                    throw new IllegalArgumentException("the features that were measured are not finite");
                }
                throw origin().failure("gave the score " + scores[i] + " for unit " + i + " of the " + part
                        + ", expected a finite number");
            }
        }
        return scores;
    }

    private static Statistics statistics(@Nullable Statistics given) {
        if (given == null) {
            throw new IllegalStateException("its statistics are null");
        }
        return given;
    }

    private static boolean isFinite(Module module) {
        DoubleMatrix moments = module.moments();
        return (moments == null || FiniteNumbers.areIn(moments))
                && Arrays.stream(module.outputMagnitudes().get()).allMatch(Double::isFinite);
    }
}
