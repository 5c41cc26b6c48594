package io.fastforward.run.stage;

import io.fastforward.evaluate.QuestionTokens;
import io.fastforward.forward.LayerWalk;
import io.fastforward.prune.ErrorCurve;
import io.fastforward.prune.PruningPass;
import io.fastforward.prune.Sparsification;
import io.fastforward.search.ExpectedTrials;
import io.fastforward.search.Prior;
import io.fastforward.spi.measure.HiddenStream;
import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.prune.Criterion;
import java.util.Set;

/**
 * About how many seconds stages take on a machine. Counted is what grows with the model and the texts: layers that are loaded,
 * tokens that pass them, sums over these, and what is solved. Reading and writing files is not: where weights come from a disk,
 * that goes on meanwhile.
 *
 * @param spec of the whole model
 * @param kept share of the layers' parameters that a pruned model has left
 * @param resident whether layers stay loaded on what computes everything but candidates, where one pass follows another
 * @param residentSearch whether they do on what evaluates candidates
 */
public record StageTimes(ModelSpec spec, MachineSpeed speed, double kept, boolean resident, boolean residentSearch) {

    /** Candidates that pass a layer together, and probes that do. */
    private static final double TOGETHER = 16;

    /** Share of a module's time that its features take; its output map takes the rest. */
    private static final double FEATURES = 0.7;

    /**
     * Share of the layers that a probe passes by itself: half of them, if it is tried beside others that agree with it up to its
     * module, and a sixteenth of the other half.
     */
    private static final double PROBED_LAYERS = 0.56;

    /** The statistics pass. */
    public double scoring(double tokens, Criterion criterion, boolean withErrors, boolean probes) {
        Set<Wish> wishes = criterion.wishes();
        if (wishes.isEmpty() && !withErrors) {
            return 0;
        }
        double seconds = speed.forward().loading(spec) + layers(tokens);
        for (ModuleSpec module : spec.modules()) {
            int features = module.features(module.units());
            seconds += tokens * sums(module, wishes, Set.of(HiddenStream.DENSE))
                    + speed.solvedSeconds() * criterion.multiplyAdds(module);
            if (withErrors) {
                int probed = probes ? module.features(Prior.probedUnits(module.units())) : 0;
                seconds += tokens * features * features * speed.gramSeconds()
                        + speed.solvedSeconds() * ErrorCurve.multiplyAdds(module.hiddenSize(), features, probed);
            }
        }
        return seconds;
    }

    /** Trying single modules, on what computes everything but candidates. */
    public double probes(double tokens) {
        double each =
                PROBED_LAYERS * layers(tokens) + 2 * tokens * speed.forward().headSeconds();
        int probes = spec.modules().size();
        return probes * each + Math.ceil(probes / TOGETHER) * passing();
    }

    /** A repair of one model. */
    public double repair(double tokens, PruningPass.Repair repair) {
        if (!repair.measures()) {
            return 0;
        }
        Set<HiddenStream> streams = repair.streams();
        // The own stream passes whole modules to be measured, and what is left of them to move on.
        double passes = FEATURES + kept;
        if (streams.contains(HiddenStream.DENSE)) {
            passes += 1 + (repair.calibrator().iterates() ? FEATURES : 0);
        }
        double seconds = speed.forward().loading(spec) + passes * layers(tokens);
        for (ModuleSpec module : spec.modules()) {
            seconds += tokens * sums(module, repair.wishes(), streams);
            int units = (int) Math.round(kept * module.units());
            if (units > 0) {
                seconds += speed.solvedSeconds() * repair.calibrator().multiplyAdds(module, units, Math.round(tokens));
            }
        }
        return seconds;
    }

    /** Setting weights to zero: every stream passes a module to be measured, and moves on behind it. */
    public double sparsifying(double tokens, Sparsification sparsification) {
        Set<HiddenStream> streams = sparsification.streams();
        double seconds = streams.size() * (speed.forward().loading(spec) + (FEATURES + 1) * layers(tokens));
        for (ModuleSpec module : spec.modules()) {
            seconds += Sparsification.taps()
                    .mapToDouble(tap -> tokens * sums(module, sparsification.wishes(tap), streams))
                    .sum();
            seconds += speed.solvedSeconds()
                    * module.maps().stream()
                            .mapToDouble(sparsification::multiplyAdds)
                            .sum();
        }
        return seconds;
    }

    /**
     * Evaluating candidates.
     *
     * @param windowLength tokens of a window
     * @param heads how often the likelihoods of a token are computed
     */
    public double candidates(ExpectedTrials trials, int windowLength, int heads) {
        MachineSpeed.Forward forward = speed.candidates();
        double whole = forward.layers(spec, windowLength, 0);
        double head = heads * windowLength * forward.headSeconds();
        double loading = residentSearch ? 0 : Math.ceil(trials.candidates() / TOGETHER) * forward.loading(spec);
        return loading + trials.windows() * (kept * whole + head) + trials.denseWindows() * (whole + head);
    }

    /** Asking candidates questions, some of them at a time. */
    public double candidates(ExpectedTrials trials, QuestionTokens questions) {
        MachineSpeed.Forward forward = speed.candidates();
        return trials.candidates()
                * (kept * forward.layers(spec, questions.all(), 0) + questions.all() * forward.headSeconds());
    }

    /** The figures of the whole model on a text. */
    public double dense(double tokens) {
        return passing() + layers(tokens) + tokens * speed.forward().headSeconds();
    }

    /** Those of a pruned one. */
    public double pruned(double tokens) {
        return passing() + kept * layers(tokens) + tokens * speed.forward().headSeconds();
    }

    /**
     * Asking a model questions. Where layers stay loaded, what the choices of a question begin with is read once.
     *
     * @param share of the layers' parameters that it has
     */
    public double questions(QuestionTokens questions, double share) {
        return resident
                ? share * speed.forward().layers(spec, questions.distinct(), questions.calls())
                        + questions.scored() * speed.forward().headSeconds()
                : share * layers(questions.all())
                        + questions.all() * speed.forward().headSeconds();
    }

    /** What both models say after some beginnings. */
    public double sampling() {
        double tokens = SampleStage.newTokens();
        return (1 + kept) * speed.forward().layers(spec, tokens, tokens);
    }

    /** Loading layers for a pass, if they are not by then. */
    private double passing() {
        return resident ? 0 : speed.forward().loading(spec);
    }

    private double layers(double tokens) {
        return speed.forward().layers(spec, tokens, 0);
    }

    /** For a token. */
    private double sums(ModuleSpec module, Set<Wish> wishes, Set<HiddenStream> streams) {
        int features = module.features(module.units());
        return LayerWalk.sums(module.hiddenSize(), features, wishes, streams).stream()
                .mapToDouble(sum ->
                        sum.elements() * (sum.moment() == Moment.GRAM ? speed.gramSeconds() : speed.crossSeconds()))
                .sum();
    }
}
