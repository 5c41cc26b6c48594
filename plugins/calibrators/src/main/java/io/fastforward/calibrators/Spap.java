package io.fastforward.calibrators;

import static java.util.Objects.requireNonNull;

import io.fastforward.spi.OptionSpec;
import io.fastforward.spi.OptionSpec.Range;
import io.fastforward.spi.Options;
import io.fastforward.spi.measure.ModuleView;
import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.model.MlpSpec;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.prune.Calibrator;
import io.fastforward.spi.prune.OutputMapCalibrator;
import io.fastforward.spi.prune.Workbench;
import io.fastforward.spi.tensor.DoubleMatrix;
import java.lang.foreign.Arena;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Our reading of the recovery of SPAP (Hu, Yuan: Structured Pruning via Alternating Optimization and Penalty Methods,
 * arXiv:2505.03373, 2025), which repairs more than the output map of an MLP: all of its maps in turn. After {@link Ridge}, in every round
 *
 * <ol>
 *   <li>the up map takes a {@linkplain MapStep step}. Behind a gate as it is, the features are linear in it, g ∘ (W_up x), and the step
 *       is that of least squares. Without a gate (OPT) they are act(W_up x), and the step is one of Gauss and Newton, with the
 *       slopes of the activation: of ReLU, on the tokens on which a channel is active. It is halved until the error falls.
 *   <li>if it is asked for, the gate takes one of Gauss and Newton, too.
 *   <li>the output map is solved for by ridge regression, centred on what it was.
 * </ol>
 *
 * Biases of the up and gate maps are fitted with them; that of the output map stays, as ridge leaves it. Attention is repaired by
 * ridge alone. It serves every target of a repair: what the output is to be is the dense features' image, and what is to be made up
 * for besides.
 *
 * <p>The error on the calibration tokens falls with every round: a round that does not lower it is dropped, with those after it. A
 * pass over the tokens costs {@code 10 · kept · hidden} floating-point operations a token for each conjugate gradient. The tokens
 * pass by in batches and are not kept. For 11008 channels and 4096 hidden numbers, scratch memory is up to 6.8 GB.
 */
public final class Spap implements Calibrator {

    /** Ridge's default: what the output map was found to need, and no more. */
    private static final double RIDGE = 1e-4;

    private static final OptionSpec ROUNDS = OptionSpec.wholeNumber(
            "rounds", "rounds over the maps of an MLP; 0: ridge alone", 2, Range.between(0, 100));
    private static final OptionSpec STEPS =
            OptionSpec.wholeNumber("steps", "conjugate gradients for each map and round", 10, Range.between(1, 1000));
    private static final OptionSpec GATE =
            OptionSpec.oneOf("gate", "whether gate maps change, too", "false", List.of("true", "false"));

    private static final Wish INPUT_SUMS = Wish.input(Moment.SUMS);

    private final int rounds;
    private final int steps;
    private final boolean gate;
    private final OutputMapCalibrator ridge = new Ridge(RIDGE);

    private Spap(int rounds, int steps, boolean gate) {
        this.rounds = rounds;
        this.steps = steps;
        this.gate = gate;
    }

    /** Finds it by its name. */
    public static final class Provider implements Calibrator.Provider {

        @Override
        public String id() {
            return "spap";
        }

        @Override
        public String description() {
            return "alternating recovery of all maps of an MLP (as in SPAP); ridge for attention";
        }

        @Override
        public List<OptionSpec> options() {
            return List.of(ROUNDS, STEPS, GATE);
        }

        @Override
        public Calibrator create(Options options) {
            return new Spap(
                    options.wholeNumber(ROUNDS.name()),
                    options.wholeNumber(STEPS.name()),
                    Boolean.parseBoolean(options.text(GATE.name())));
        }
    }

    /** Ridge's, and something of the input: whose batches are looked at. */
    @Override
    public Set<Wish> wishes() {
        Set<Wish> wishes = new HashSet<>(ridge.wishes());
        wishes.add(INPUT_SUMS);
        return wishes;
    }

    @Override
    public boolean iterates() {
        return true;
    }

    /**
     * Of an MLP: its maps and the dense output map in double precision and in parts in single precision, which is eight maps; the
     * larger of a step's six and of the Gram matrix, its factor and four more; and blocks of rows.
     */
    @Override
    public long scratchBytes(ModuleSpec module) {
        if (!(module instanceof MlpSpec)) {
            return ridge.scratchBytes(module);
        }
        long features = module.features(module.units());
        long map = features * (module.hiddenSize() + 1L);
        long blocks = Blocks.ROWS * (10 * features + 6L * module.hiddenSize());
        return (8 * map + Math.max(6 * map, 2 * features * features + 4 * map) + blocks) * Double.BYTES;
    }

    /** Ridge's, and of every round of an MLP the passes over the tokens, the Gram matrix of the new features and its solution. */
    @Override
    public double multiplyAdds(ModuleSpec module, int kept, long tokens) {
        double first = ridge.multiplyAdds(module, kept, tokens);
        if (!(module instanceof MlpSpec mlp)) {
            return first;
        }
        double map = (double) kept * module.hiddenSize();
        double gradients = (gate && mlp.gated() ? 2 : 1) * (steps + 1.0) * 5 * map * tokens;
        double features = (3 * map + (double) kept * kept) * tokens;
        double solution = kept * (double) kept * kept / 3 + 2 * map * kept;
        return first + rounds * (gradients + features + solution);
    }

    @Override
    public Repair repair(ModuleView module, int kept, Workbench workbench) {
        requireFinite(module);
        Repair repaired = ridge.repair(module, kept, workbench);
        boolean untouched = kept == module.spec().units() && repaired.relativeError() == 0;
        if (!(module.spec() instanceof MlpSpec mlp) || rounds == 0 || untouched) {
            return repaired;
        }
        Linear down = requireNonNull(repaired.replaced().get(MapRole.MLP_OUTPUT));
        Recovery.Scheme scheme = new Recovery.Scheme(
                gate && mlp.gated() ? List.of(MapRole.UP, MapRole.GATE) : List.of(MapRole.UP),
                steps,
                new Regression(RIDGE, Prior.KEPT_WEIGHTS));
        // Shared, because the linear algebra may use threads of its own.
        try (Arena scratch = Arena.ofShared()) {
            Recovery recovery = new Recovery(module, down, scheme, workbench, scratch);
            var maps = recovery.run(rounds, workbench.arena());
            return new Repair(maps, recovery.relativeError(), recovery.usedRidge(), repaired.remark());
        }
    }

    private static void requireFinite(ModuleView module) {
        DoubleMatrix sums = module.measured().get(INPUT_SUMS);
        for (int j = 0; j < sums.columns(); j++) {
            if (!Double.isFinite(sums.get(0, j))) {
                throw new IllegalArgumentException("the sums of the input have " + sums.get(0, j) + " in column " + j
                        + ": the model overflows on the calibration text");
            }
        }
    }
}
