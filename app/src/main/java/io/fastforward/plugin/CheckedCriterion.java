package io.fastforward.plugin;

import io.fastforward.spi.measure.ModuleView;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.prune.Criterion;
import io.fastforward.spi.prune.Workbench;
import java.util.Set;

/** A criterion whose scores are known to be finite and as many as they should be. */
record CheckedCriterion(CalledPlugin called, Criterion criterion, Set<Wish> wishes, boolean dependsOnKept)
        implements Criterion {

    CheckedCriterion(CalledPlugin called, Criterion criterion) {
        this(
                called,
                criterion,
                called.call("telling what it wishes to know", () -> Set.copyOf(criterion.wishes())),
                called.call("telling what its scores depend on", criterion::dependsOnKept));
    }

    @Override
    public double multiplyAdds(ModuleSpec module) {
        return called.multiplyAdds(() -> criterion.multiplyAdds(module));
    }

    @Override
    public double[] score(ModuleView module, int kept, Workbench workbench) {
        EngineCalls engine = new EngineCalls();
        ModuleView shown = new ModuleView(
                module.layer(),
                module.spec(),
                module.weights(),
                module.measured(),
                () -> engine.call(module.outputMagnitudes()));
        double[] scores = engine.within(
                        called,
                        "scoring " + module.place(),
                        () -> FiniteNumbers.areIn(module),
                        () -> criterion.score(shown, kept, new WatchedWorkbench(engine, workbench)))
                .clone();
        int parts = module.spec().parts();
        if (scores.length != parts) {
            throw called.failure("gave " + scores.length + " scores for " + module.place() + ", expected " + parts);
        }
        for (int i = 0; i < parts; i++) {
            if (!Double.isFinite(scores[i])) {
                FiniteNumbers.require(module);
                throw called.failure("gave the score " + scores[i] + " for unit " + i + " of " + module.place()
                        + ", expected a finite number");
            }
        }
        return scores;
    }
}
