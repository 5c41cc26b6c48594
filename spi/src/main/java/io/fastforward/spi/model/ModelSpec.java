package io.fastforward.spi.model;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The architecture of a decoder model as data. A family of models is a way to fill this in, not a class of its own.
 *
 * @param family name of the family, as in the {@code model_type} of the unpruned model
 * @param names which tensor plays which role
 * @param hiddenSize width of the hidden state
 * @param embeddingSize width of a token's embedding; where it is not that of the hidden state, maps lead to and fro
 * @param vocabularySize number of tokens
 * @param contextLength most positions that the model was made for
 * @param positions how learned positions are stored, or null if there are none
 * @param layers the decoder layers
 * @param finalNormalization normalisation before the head, or null if there is none
 * @param tiedEmbeddings whether the head is the embedding
 */
public record ModelSpec(
        String family,
        TensorNames names,
        int hiddenSize,
        int embeddingSize,
        int vocabularySize,
        int contextLength,
        @Nullable LearnedPositions positions,
        List<LayerSpec> layers,
        @Nullable Normalization finalNormalization,
        boolean tiedEmbeddings) {

    public ModelSpec {
        layers = List.copyOf(layers);
    }

    /** All prunable modules in the order of a policy: attention and MLP of layer 0, of layer 1, and so on. */
    public List<ModuleSpec> modules() {
        List<ModuleSpec> modules = new ArrayList<>();
        for (LayerSpec layer : layers) {
            modules.add(layer.attention());
            modules.add(layer.mlp());
        }
        return modules;
    }

    /** The policy that retains everything. */
    public Policy densePolicy() {
        return new Policy(modules().stream().map(ModuleSpec::units).toList());
    }

    /**
     * The architecture after pruning. It has as many layers as this one, be it that some do nothing.
     *
     * @throws IllegalArgumentException if the policy is of another model: other layers, or more units than there are
     */
    public ModelSpec pruned(Policy policy) {
        if (policy.layers() != layers.size()) {
            throw new IllegalArgumentException(
                    "the policy is for " + policy.layers() + " layers, the model has " + layers.size());
        }
        List<LayerSpec> pruned = new ArrayList<>();
        for (int i = 0; i < layers.size(); i++) {
            LayerSpec layer = layers.get(i);
            requireAtMost(policy.attentionUnits(i), layer.attention().units(), "units of attention", i);
            requireAtMost(policy.channels(i), layer.mlp().channels(), "MLP channels", i);
            pruned.add(layer.withUnits(policy.attentionUnits(i), policy.channels(i)));
        }
        return withLayers(pruned);
    }

    /** The same architecture without the layers that do nothing; those that follow move up. */
    public ModelSpec withoutIdentityLayers() {
        return withLayers(layers.stream().filter(layer -> !layer.isIdentity()).toList());
    }

    /** The same architecture with other units of attention; its weights have to be reordered accordingly. */
    public ModelSpec withAttentionUnit(AttentionUnit unit) {
        return withLayers(layers.stream()
                .map(layer -> new LayerSpec(layer.attention().withUnit(unit), layer.mlp()))
                .toList());
    }

    /** The same architecture, in which every output map has a bias. */
    public ModelSpec withOutputBiases() {
        return withLayers(layers.stream()
                .map(layer -> new LayerSpec(
                        layer.attention().withOutputBias(), layer.mlp().withOutputBias()))
                .toList());
    }

    /** The same architecture, with a head that is the embedding or one of its own. */
    public ModelSpec withTiedEmbeddings(boolean tied) {
        return with(layers, tied);
    }

    private ModelSpec withLayers(List<LayerSpec> other) {
        return with(other, tiedEmbeddings);
    }

    private ModelSpec with(List<LayerSpec> otherLayers, boolean tied) {
        return new ModelSpec(
                family,
                names,
                hiddenSize,
                embeddingSize,
                vocabularySize,
                contextLength,
                positions,
                otherLayers,
                finalNormalization,
                tied);
    }

    /** The features of the module that has most of them: what scratch memory and moments are sized by. */
    public int widestFeatures() {
        return modules().stream()
                .mapToInt(module -> module.features(module.units()))
                .max()
                .orElseThrow();
    }

    /** Linear weights and biases of all decoder layers: what sparsity is a share of. */
    public long decoderParameters() {
        return modules().stream().mapToLong(ModuleSpec::parameters).sum();
    }

    /** All parameters, embeddings, norms and head included; tied ones counted once. */
    public long parameters() {
        long embeddings = (long) vocabularySize * embeddingSize * (tiedEmbeddings ? 1 : 2);
        if (positions != null) {
            embeddings += (long) (contextLength + positions.offset()) * hiddenSize;
        }
        if (embeddingSize != hiddenSize) {
            embeddings += 2L * embeddingSize * hiddenSize;
        }
        long norms = modules().stream()
                .filter(module -> !module.isIdentity())
                .mapToLong(module -> parameters(module.normalization()))
                .sum();
        return decoderParameters() + embeddings + norms + parameters(finalNormalization);
    }

    private long parameters(@Nullable Normalization normalization) {
        if (normalization == null) {
            return 0;
        }
        return (normalization.kind() == Normalization.Kind.LAYER ? 2L : 1L) * hiddenSize;
    }

    private static void requireAtMost(int retained, int units, String what, int layer) {
        if (retained > units) {
            throw new IllegalArgumentException(
                    "the policy retains " + retained + " " + what + " of layer " + layer + ", which has " + units);
        }
    }
}
