package io.fastforward.gguf;

import static java.util.Objects.requireNonNull;

import io.fastforward.spi.model.Activation;
import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.AttentionUnit;
import io.fastforward.spi.model.LayerSpec;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.model.MlpSpec;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.Normalization;
import io.fastforward.spi.model.RotaryPositions;
import io.fastforward.spi.model.TensorNames;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToIntFunction;

/**
 * Which of llama.cpp's architectures a model is written as, and what of it.
 *
 * @param kind the architecture
 * @param written the layers that are in the file: those that do nothing are left out, and a module that has to be there is filled up
 *     with zeros, which change nothing
 */
record Architecture(Kind kind, ModelSpec written) {

    /** Those that are of use here. */
    enum Kind {
        /** Layers of one width. */
        LLAMA("llama", true),
        /** Layers of one width, with biases on queries, keys and values. */
        QWEN2("qwen2", false),
        /** Heads and MLP channels of each layer. */
        DECI("deci", true);

        private final String id;
        private final boolean interleaved;

        Kind(String id, boolean interleaved) {
            this.id = id;
            this.interleaved = interleaved;
        }

        /** Its name in files, and what its keys begin with. */
        String id() {
            return id;
        }

        /**
         * Whether dimensions that turn together are neighbours, so that the rows of queries and keys are stored in another order
         * than in checkpoints, where they are half a head apart.
         */
        boolean interleaved() {
            return interleaved;
        }
    }

    static final TensorNames NAMES = new TensorNames(
            "token_embd",
            null,
            null,
            null,
            "output_norm",
            "output",
            "blk.%d.attn_norm",
            "blk.%d.ffn_norm",
            Map.of(
                    MapRole.QUERY, "blk.%d.attn_q",
                    MapRole.KEY, "blk.%d.attn_k",
                    MapRole.VALUE, "blk.%d.attn_v",
                    MapRole.ATTENTION_OUTPUT, "blk.%d.attn_output",
                    MapRole.GATE, "blk.%d.ffn_gate",
                    MapRole.UP, "blk.%d.ffn_up",
                    MapRole.MLP_OUTPUT, "blk.%d.ffn_down"));

    /** The tensor of rotary factors. */
    static final String ROTARY_FACTORS = "rope_freqs.weight";

    /** MLP channels of one that is filled up: a block of quantised weights. */
    private static final int ZERO_CHANNELS = QuantizedBlock.SIZE;

    /** The architecture for a model that {@link #refusal} does not refuse. */
    static Architecture of(ModelSpec model) {
        ModelSpec written = filledUp(model.withoutIdentityLayers());
        return new Architecture(kind(written), written);
    }

    /** What keeps llama.cpp from running a model, as the rest of a sentence; empty if nothing does. */
    static Optional<String> refusal(ModelSpec model) {
        ModelSpec some = model.withoutIdentityLayers();
        if (some.layers().isEmpty()) {
            return Optional.of("none of its layers does anything");
        }
        LayerSpec first = some.layers().getFirst();
        for (LayerSpec layer : some.layers()) {
            Optional<String> refusal = refusal(some, first, layer);
            if (refusal.isPresent()) {
                return refusal;
            }
        }
        if (some.positions() != null
                || some.embeddingSize() != some.hiddenSize()
                || some.finalNormalization() == null
                || !some.finalNormalization().equals(first.mlp().normalization())) {
            return Optional.of(unlikeLlama(some));
        }
        Architecture architecture = of(model);
        if (architecture.kind() == Kind.QWEN2 && !architecture.rotary().isLinear()) {
            return Optional.of(
                    "its rotary positions are scaled frequency by frequency, for which llama.cpp's qwen2 has no"
                            + " tensor");
        }
        return Optional.empty();
    }

    private static Optional<String> refusal(ModelSpec model, LayerSpec first, LayerSpec layer) {
        AttentionSpec attention = layer.attention();
        MlpSpec mlp = layer.mlp();
        RotaryPositions rotary = attention.rotary();
        Normalization normalization = attention.normalization();
        if (rotary == null
                || rotary.rotatedSize() != attention.headSize()
                || !rotary.equals(first.attention().rotary())
                || attention.headSize() != first.attention().headSize()
                || !mlp.gated()
                || mlp.activation() != Activation.SILU
                || normalization.kind() != Normalization.Kind.RMS
                || normalization.placement() != Normalization.Placement.BEFORE
                || !normalization.equals(mlp.normalization())
                || !normalization.equals(first.attention().normalization())) {
            return Optional.of(unlikeLlama(model));
        }
        if (!attention.isIdentity() && attention.valueSize() != attention.headSize()) {
            return Optional.of(
                    "its values are narrower than its keys, which llama.cpp does not take; prune whole KV groups"
                            + " of the unpruned model, or write a form in its original shape");
        }
        if (!attention.isIdentity()
                && attention.inputBias()
                && attention.heads() * attention.headSize() != attention.hiddenSize()) {
            return Optional.of("its queries have biases, of which llama.cpp takes as many as the hidden state is wide: "
                    + attention.hiddenSize() + ", not " + attention.heads() * attention.headSize()
                    + "; leave attention whole");
        }
        return Optional.empty();
    }

    private static String unlikeLlama(ModelSpec model) {
        return "'" + model.family()
                + "' is not built as LLaMA is (RMS normalisation of one ε before every module, gated MLPs"
                + " with SiLU, rotary positions over whole heads), and of such models alone llama.cpp runs layers of"
                + " different widths; a form in its original shape can be converted with llama.cpp's own script";
    }

    /** Layer 0 has attention in every file, since its number of heads decides about keys of the file; and every layer an MLP. */
    private static ModelSpec filledUp(ModelSpec model) {
        List<LayerSpec> layers = new ArrayList<>();
        for (LayerSpec layer : model.layers()) {
            AttentionSpec attention = layer.attention();
            MlpSpec mlp = layer.mlp();
            layers.add(new LayerSpec(
                    layers.isEmpty() && attention.isIdentity() ? oneHead(attention) : attention,
                    mlp.isIdentity() ? someChannels(mlp) : mlp));
        }
        return with(model, layers);
    }

    private static AttentionSpec oneHead(AttentionSpec attention) {
        return new AttentionSpec(
                attention.normalization(),
                attention.hiddenSize(),
                attention.headSize(),
                attention.headSize(),
                1,
                1,
                attention.rotary(),
                attention.slidingWindow(),
                false,
                false,
                AttentionUnit.KV_GROUP);
    }

    private static MlpSpec someChannels(MlpSpec mlp) {
        return new MlpSpec(
                mlp.normalization(), mlp.hiddenSize(), ZERO_CHANNELS, mlp.gated(), mlp.activation(), false, false);
    }

    /** A sliding window is not written: within it there is nothing outside it, so the context ends there. */
    private static ModelSpec with(ModelSpec model, List<LayerSpec> layers) {
        int context = model.contextLength();
        for (LayerSpec layer : layers) {
            int window = layer.attention().slidingWindow();
            context = window > 0 ? Math.min(context, window) : context;
        }
        return new ModelSpec(
                model.family(),
                NAMES,
                model.hiddenSize(),
                model.embeddingSize(),
                model.vocabularySize(),
                context,
                null,
                layers,
                model.finalNormalization(),
                model.tiedEmbeddings());
    }

    private static Kind kind(ModelSpec written) {
        AttentionSpec attention = written.layers().getFirst().attention();
        boolean equal = written.layers().stream()
                        .map(LayerSpec::attention)
                        .allMatch(other -> other.groups() == attention.groups()
                                && other.queriesPerGroup() == attention.queriesPerGroup()
                                && other.inputBias() == attention.inputBias())
                && written.layers().stream()
                                .mapToInt(layer -> layer.mlp().channels())
                                .distinct()
                                .count()
                        == 1;
        boolean otherBiases = written.layers().stream()
                .anyMatch(layer -> layer.attention().outputBias()
                        || layer.mlp().inputBias()
                        || layer.mlp().outputBias());
        if (!equal) {
            return Kind.DECI;
        }
        return attention.inputBias() && !otherBiases ? Kind.QWEN2 : Kind.LLAMA;
    }

    /** The rotary positions, which all layers share. */
    RotaryKeys rotary() {
        return RotaryKeys.of(
                requireNonNull(written.layers().getFirst().attention().rotary()));
    }

    /** Rotary factors that are a tensor of the file; none if keys can say them. */
    Optional<List<Float>> rotaryFactors() {
        RotaryKeys rotary = rotary();
        return rotary.isLinear() ? Optional.empty() : Optional.of(rotary.factors());
    }

    /** Keys and values of the file. */
    Map<String, MetadataValue> metadata() {
        Map<String, MetadataValue> metadata = new LinkedHashMap<>();
        AttentionSpec attention = written.layers().getFirst().attention();
        String prefix = kind.id() + ".";
        RotaryKeys rotary = rotary();
        metadata.put("general.architecture", new MetadataValue.Text(kind.id()));
        count(metadata, prefix + "context_length", written.contextLength());
        count(metadata, prefix + "embedding_length", written.hiddenSize());
        count(metadata, prefix + "block_count", written.layers().size());
        count(metadata, prefix + "vocab_size", written.vocabularySize());
        widths(metadata, prefix + "feed_forward_length", layer -> layer.mlp().channels());
        widths(
                metadata,
                prefix + "attention.head_count",
                layer -> layer.attention().heads());
        widths(
                metadata,
                prefix + "attention.head_count_kv",
                layer -> layer.attention().groups());
        count(metadata, prefix + "attention.key_length", attention.headSize());
        count(metadata, prefix + "attention.value_length", attention.headSize());
        metadata.put(prefix + "attention.layer_norm_rms_epsilon", new MetadataValue.Real((float)
                attention.normalization().epsilon()));
        count(metadata, prefix + "rope.dimension_count", attention.headSize());
        metadata.put(prefix + "rope.freq_base", new MetadataValue.Real(rotary.base()));
        if (rotary.isLinear() && rotary.factors().getFirst() != 1) {
            metadata.put(prefix + "rope.scaling.type", new MetadataValue.Text("linear"));
            metadata.put(
                    prefix + "rope.scaling.factor",
                    new MetadataValue.Real(rotary.factors().getFirst()));
        }
        return metadata;
    }

    private static void count(Map<String, MetadataValue> metadata, String key, int value) {
        metadata.put(key, new MetadataValue.Count(value));
    }

    /** One number for each layer where they may differ, which are INT32 then, else one. */
    private void widths(Map<String, MetadataValue> metadata, String key, ToIntFunction<LayerSpec> width) {
        List<Integer> widths = written.layers().stream().map(width::applyAsInt).toList();
        metadata.put(
                key,
                kind == Kind.DECI ? new MetadataValue.Integers(widths) : new MetadataValue.Count(widths.getFirst()));
    }
}
