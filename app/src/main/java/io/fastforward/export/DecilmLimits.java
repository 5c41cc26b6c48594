package io.fastforward.export;

import io.fastforward.failure.Setting;
import io.fastforward.spi.model.Activation;
import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.LayerSpec;
import io.fastforward.spi.model.MlpSpec;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.Normalization;
import io.fastforward.spi.model.RotaryPositions;
import java.util.List;
import java.util.Optional;

/** What vLLM's DeciLM can run (docs/decisions/decilm.md). */
final class DecilmLimits {

    private static final String OTHERWISE = ", or use " + Setting.FORMAT + " hf";

    private DecilmLimits() {}

    /**
     * What keeps it from running a model, and what to do, as the rest of a sentence; empty if nothing does.
     *
     * @param written the layers that do something
     */
    static Optional<String> refusal(ModelSpec written) {
        List<LayerSpec> layers = written.layers();
        if (layers.isEmpty() || layers.getFirst().attention().isIdentity()) {
            return Optional.of("the first of its layers that does anything has no attention, by which vLLM's residual"
                    + " stream begins; keep some attention of that layer" + OTHERWISE);
        }
        for (int i = 0; i < layers.size(); i++) {
            Optional<String> refusal = refusal(written, layers.getFirst().attention(), i);
            if (refusal.isPresent()) {
                return refusal;
            }
        }
        return written.positions() == null && written.embeddingSize() == written.hiddenSize()
                ? Optional.empty()
                : Optional.of(unlikeLlama(written));
    }

    private static Optional<String> refusal(ModelSpec written, AttentionSpec first, int place) {
        AttentionSpec attention = written.layers().get(place).attention();
        MlpSpec mlp = written.layers().get(place).mlp();
        if (!isLlamas(attention, first, written) || !isLlamas(mlp, written)) {
            return Optional.of(unlikeLlama(written));
        }
        if (attention.inputBias() || attention.outputBias() || mlp.inputBias() || mlp.outputBias()) {
            return Optional.of(
                    "layer " + place + " has biases, which are not written for DeciLM; repair without changing"
                            + " biases if they come from the repair (" + Setting.CALIBRATOR + ")" + OTHERWISE);
        }
        if (!attention.isIdentity() && attention.valueSize() != attention.headSize()) {
            return Optional.of("its values are narrower than its keys, which DeciLM does not know; prune the unpruned"
                    + " model with " + Setting.ATTENTION + " none" + OTHERWISE);
        }
        if (!attention.isIdentity() && attention.heads() != first.heads()) {
            return Optional.of("layer " + place + " has " + attention.heads() + " query heads and the first one "
                    + first.heads() + ", but DeciLM has one number for all layers; prune with " + Setting.ATTENTION
                    + " none" + OTHERWISE);
        }
        if (!mlp.isIdentity()
                && FeedForwardMultiplier.of(mlp.channels(), mlp.hiddenSize()).isEmpty()) {
            return Optional.of("the MLP of layer " + place + " has " + mlp.channels() + " channels, but vLLM computes"
                    + " multiples of " + FeedForwardMultiplier.MULTIPLE + " alone; prune every MLP to such widths with "
                    + Setting.WIDTH_MULTIPLE + " " + FeedForwardMultiplier.MULTIPLE + OTHERWISE);
        }
        return Optional.empty();
    }

    private static boolean isLlamas(AttentionSpec attention, AttentionSpec first, ModelSpec model) {
        RotaryPositions rotary = attention.rotary();
        return rotary != null
                && rotary.equals(first.rotary())
                && rotary.rotatedSize() == attention.headSize()
                && attention.headSize() == first.headSize()
                && isLlamas(attention.normalization(), model);
    }

    private static boolean isLlamas(MlpSpec mlp, ModelSpec model) {
        return mlp.gated() && mlp.activation() == Activation.SILU && isLlamas(mlp.normalization(), model);
    }

    private static boolean isLlamas(Normalization normalization, ModelSpec model) {
        return normalization.kind() == Normalization.Kind.RMS
                && normalization.placement() == Normalization.Placement.BEFORE
                && normalization.equals(model.finalNormalization());
    }

    private static String unlikeLlama(ModelSpec model) {
        return "'" + model.family()
                + "' is not built as LLaMA is (RMS normalisation of one ε before every module, gated MLPs with SiLU, rotary"
                + " positions over whole heads), as DeciLM is; use " + Setting.FORMAT
                + " hf, or hf-padded, which gives a model that runs wherever the unpruned one does";
    }
}
