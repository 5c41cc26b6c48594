package io.fastforward.run.stage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fastforward.model.Model;
import io.fastforward.prune.CalibrationTarget;
import io.fastforward.prune.PruningPass;
import io.fastforward.run.stage.MachineSpeed.Forward;
import io.fastforward.run.stage.MachineSpeed.Pace;
import io.fastforward.search.ExpectedTrials;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.testing.Backends;
import io.fastforward.testing.DefaultPlugins;
import io.fastforward.testing.DemoModel;
import io.fastforward.testing.RandomLlama;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against the formulas of the documentation's model of costs, worked out for the demo model. */
class StageTimesTest {

    private static final double TOKENS = 1000;
    private static final double KEPT = 0.5;
    private static final Pace PACE = new Pace(1, 0, 0);
    private static final Pace NOTHING = new Pace(0, 0, 0);
    private static final Forward STILL = new Forward(NOTHING, NOTHING, 0);
    private static final Offset<Double> ROUNDED = within(1e-6);

    private final ModelSpec spec;
    private final double layers;
    private final double hidden;
    private final double attention;
    private final double mlp;

    StageTimesTest() {
        try (Model model = Model.open(DemoModel.directory())) {
            spec = model.spec();
        }
        layers = spec.layers().size();
        hidden = spec.hiddenSize();
        attention = spec.layers()
                .getFirst()
                .attention()
                .features(spec.layers().getFirst().attention().units());
        mlp = spec.layers().getFirst().mlp().channels();
    }

    private StageTimes times(Forward forward, double gram, double cross, double solved) {
        return new StageTimes(spec, new MachineSpeed(forward, STILL, gram, cross, solved), KEPT, true, true);
    }

    private StageTimes passing() {
        return times(new Forward(PACE, PACE, 0), 0, 0, 0);
    }

    private static PruningPass.Repair repair(String calibrator, CalibrationTarget target) {
        return new PruningPass.Repair(DefaultPlugins.calibrator(calibrator), target, null);
    }

    @Test
    void tokensPassEveryParameterOfTheLayers() {
        double all = TOKENS * spec.decoderParameters();
        assertThat(passing().dense(TOKENS)).isCloseTo(all, within(1e-9 * all));
        assertThat(passing().pruned(TOKENS)).isCloseTo(KEPT * all, within(1e-9 * all));
        assertThat(passing().scoring(TOKENS, DefaultPlugins.criterion("wanda"), true, true))
                .isCloseTo(all, within(1e-9 * all));
        assertThat(passing().repair(TOKENS, repair("ridge", CalibrationTarget.PREFIX)))
                .as("once to be measured, and what is left once more")
                .isCloseTo((0.7 + KEPT) * all, within(1e-9 * all));
        assertThat(passing().repair(TOKENS, repair("ridge", CalibrationTarget.RESIDUAL)))
                .as("the dense model beside it")
                .isCloseTo((1.7 + KEPT) * all, within(1e-9 * all));
        assertThat(passing().repair(TOKENS, repair("none", CalibrationTarget.RESIDUAL)))
                .isZero();
        assertThat(passing().candidates(new ExpectedTrials(5, 40, 8), 256, 1))
                .as("on another backend")
                .isZero();
    }

    @Test
    void layersThatDoNotStayAreLoadedForEveryPass() {
        Pace loading = new Pace(0, 0, 1);
        MachineSpeed speed =
                new MachineSpeed(new Forward(loading, loading, 0), new Forward(loading, loading, 0), 0, 0, 0);
        StageTimes staying = new StageTimes(spec, speed, KEPT, true, true);
        StageTimes streamed = new StageTimes(spec, speed, KEPT, false, false);
        double once = spec.decoderParameters();
        assertThat(staying.dense(TOKENS)).isZero();
        assertThat(streamed.dense(TOKENS)).isEqualTo(once);
        assertThat(streamed.pruned(TOKENS)).as("nothing is cut off before").isEqualTo(once);
        assertThat(staying.scoring(TOKENS, DefaultPlugins.criterion("wanda"), false, false))
                .isEqualTo(once);
        ExpectedTrials trials = new ExpectedTrials(33, 40, 8);
        assertThat(staying.candidates(trials, 256, 1)).isZero();
        assertThat(streamed.candidates(trials, 256, 1))
                .as("16 pass a layer together")
                .isEqualTo(3 * once);
        assertThat(streamed.probes(TOKENS)).isEqualTo(Math.ceil(2 * layers / 16) * once);
    }

    @Test
    void scoresAloneTakeNoGramMatrixAndCurvesTakeOne() {
        double gram = layers * (attention * attention + mlp * mlp);
        StageTimes times = times(STILL, 1, 0, 0);
        assertThat(times.scoring(TOKENS, DefaultPlugins.criterion("wanda"), true, false))
                .isCloseTo(TOKENS * gram, ROUNDED);
        assertThat(times.scoring(TOKENS, DefaultPlugins.criterion("obs"), true, false))
                .as("and one for the criterion")
                .isCloseTo(2 * TOKENS * gram, ROUNDED);
        assertThat(times.scoring(TOKENS, DefaultPlugins.criterion("magnitude"), false, false))
                .isZero();
    }

    @Test
    void aRepairTakesAGramMatrixAndThreeCrossMoments() {
        double gram = layers * (attention * attention + mlp * mlp);
        double residual = layers * 2 * hidden * (attention + mlp);
        PruningPass.Repair repair = repair("ridge", CalibrationTarget.RESIDUAL);
        assertThat(times(STILL, 1, 0, 0).repair(TOKENS, repair)).isCloseTo(TOKENS * gram, ROUNDED);
        assertThat(times(STILL, 0, 1, 0).repair(TOKENS, repair)).isCloseTo(TOKENS * (gram + residual), ROUNDED);
    }

    @Test
    void whatIsSolvedDependsOnWhatIsKept() {
        double expected = 0;
        for (double features : new double[] {attention, mlp}) {
            double kept = KEPT * features;
            expected += layers * (kept * kept * kept / 3 + hidden * kept * (features + 2 * kept));
        }
        assertThat(times(STILL, 0, 0, 1).repair(TOKENS, repair("ridge", CalibrationTarget.RESIDUAL)))
                .isCloseTo(expected, within(1e-9 * expected));
        assertThat(times(STILL, 0, 0, 1).repair(TOKENS, repair("bias", CalibrationTarget.RESIDUAL)))
                .isZero();
        assertThat(times(STILL, 0, 0, 1).repair(TOKENS, repair("spap", CalibrationTarget.RESIDUAL)))
                .as("rounds over the tokens")
                .isGreaterThan(2 * 10 * 5 * TOKENS * layers * hidden * KEPT * mlp);
    }

    /** That it measures something for every kind of layer; how fast machines are is nobody's test. */
    @Test
    void everythingThatAModelHasIsMeasured(@TempDir Path directory) {
        new RandomLlama().write(directory);
        for (Path path : List.of(DemoModel.directory(), directory)) {
            try (Model model = Model.open(path);
                    var backend = Backends.cpu();
                    var other = Backends.open("plain-java")) {
                List<MachineSpeed> tried = new ArrayList<>();
                SpeedProbe.plan(backend, Optional.of(other), Backends.linearAlgebra(), model.spec(), 8, some -> {
                    tried.add(some);
                    return new TimePlan(new LinkedHashMap<>());
                });
                assertThat(tried).as("of a run that takes no time").hasSize(2);
                MachineSpeed speed = tried.getLast();
                for (Forward forward : List.of(speed.forward(), speed.candidates())) {
                    assertThat(forward.headSeconds()).isPositive().isFinite();
                    for (Pace pace : List.of(forward.attention(), forward.mlp())) {
                        assertThat(pace.tokenSeconds()).isPositive().isFinite();
                        assertThat(pace.callSeconds()).isNotNegative().isFinite();
                        assertThat(pace.loadSeconds()).isPositive().isFinite();
                    }
                }
                assertThat(speed.forward()).isNotEqualTo(speed.candidates());
                assertThat(speed.gramSeconds()).isPositive().isFinite();
                assertThat(speed.crossSeconds()).isPositive().isFinite();
                assertThat(speed.solvedSeconds()).isPositive().isFinite();
            }
        }
    }
}
