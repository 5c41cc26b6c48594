package io.fastforward.run.stage;

import io.fastforward.failure.Setting;
import io.fastforward.nested.NestedModel;
import io.fastforward.prune.FinishedLayers;
import io.fastforward.prune.ModuleRepair;
import io.fastforward.prune.PrunedLayerSink;
import io.fastforward.prune.PruningPass;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.Policy;
import io.fastforward.tokenizer.TokenWindows;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.IntConsumer;

/**
 * Cuts the layers of the model to a policy and repairs them.
 *
 * @param repair how modules are repaired
 * @param windows what the calibrator learns from
 */
public record RepairStage(RunContext run, PruningPass.Repair repair, TokenWindows windows) {

    /**
     * Fewer tokens for each feature than this, and a warning is due. On the demo model, 128 tokens for 512 channels
     * gave a perplexity of 2640 after calibration instead of 2.9.
     */
    private static final int TOKENS_PER_FEATURE = 2;

    /** Passes the layers on, each as soon as it is ready; tells the progress how many are done. Keeps nothing. */
    public List<ModuleRepair> execute(NestedModel nested, Policy policy, PrunedLayerSink sink, IntConsumer progress) {
        return pass(nested, policy).run(windows, run.repairMemory(), FinishedLayers.none(), sink, progress);
    }

    /** The pass that does it. */
    PruningPass pass(NestedModel nested, Policy policy) {
        return new PruningPass(run.backend(), run.algebra(), run.model().ends(), nested, policy, repair);
    }

    /** Tokens that pass all layers for a repair: those of every stream of hidden states. */
    double tokens() {
        return repair.measures()
                ? (double) windows.tokens().length * repair.streams().size()
                : 0;
    }

    /** What makes a repair worse than it need be, if anything does. */
    public static Optional<String> warning(
            PruningPass.Repair repair, String calibratorId, ModelSpec spec, RunWindows windows) {
        TokenWindows repairing = windows.repair();
        int tokens = Math.min(repairing.tokens().length, windows.distinctTokens());
        int enough = TOKENS_PER_FEATURE * spec.widestFeatures();
        if (!repair.measures() || tokens >= enough) {
            return Optional.empty();
        }
        return Optional.of(String.format(
                Locale.ROOT,
                "%s learns from %,d different tokens at most, but the widest module has %,d features; with less than"
                        + " %d tokens a feature it fits noise and may ruin the model. Better: %s %d%s",
                calibratorId,
                tokens,
                spec.widestFeatures(),
                TOKENS_PER_FEATURE,
                Setting.REPAIR_WINDOWS,
                Math.ceilDiv(enough, repairing.length()),
                windows.distinctTokens() < enough ? " and a longer calibration text" : ""));
    }
}
