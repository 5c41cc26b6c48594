package io.fastforward.model;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fastforward.checkpoint.Checkpoint;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.AttentionWeights;
import io.fastforward.spi.model.HeadWeights;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MlpSpec;
import io.fastforward.spi.model.MlpWeights;
import io.fastforward.spi.model.NormWeights;
import io.fastforward.spi.model.Normalization;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * A model in a checkpoint directory: architecture and mapped weights. All tensors are there, with the right shapes and
 * readable data types, once it is open. Views of weights are valid until it is closed. Safe for many threads.
 */
public final class Model implements AutoCloseable, WeightSource {

    private final Checkpoint checkpoint;
    private final ModelFamily family;
    private final ModelSpec spec;

    private Model(Checkpoint checkpoint, ModelFamily family, ModelSpec spec) {
        this.checkpoint = checkpoint;
        this.family = family;
        this.spec = spec;
    }

    /**
     * Opens a checkpoint directory.
     *
     * @throws Failure if it is missing, damaged, or of an unknown architecture
     */
    public static Model open(Path directory) {
        Checkpoint checkpoint = Checkpoint.open(directory);
        try {
            Config config = new Config(checkpoint.config());
            ModelFamily family = ModelFamilies.of(config);
            Model model = new Model(checkpoint, family, family.reader().apply(config));
            model.requireExactTensors();
            return model;
        } catch (Throwable e) {
            checkpoint.close();
            throw e;
        }
    }

    /** The architecture. */
    public ModelSpec spec() {
        return spec;
    }

    /** The files behind the model. */
    public Checkpoint checkpoint() {
        return checkpoint;
    }

    /** The sizes of the model before it was ever pruned, if its config tells; else its own. */
    public ModelSpec unprunedSpec() {
        ObjectNode config = checkpoint.config().deepCopy();
        config.remove(List.of(ModelFamily.LAYER_HEADS, ModelFamily.LAYER_GROUPS, ModelFamily.LAYER_CHANNELS));
        return family.reader().apply(new Config(config));
    }

    /**
     * The config of this model with other widths: the family's own if its class in transformers takes them, else one
     * that keeps the global sizes of the source beside lists of the layers' own and names the
     * {@linkplain #modellingFile modelling file}.
     */
    public ObjectNode config(ModelSpec pruned) {
        ObjectNode config = checkpoint.config().deepCopy();
        family.writeWidths(pruned, config);
        RotaryFrequencies.writeForEveryVersion(config);
        return config;
    }

    /** The name of the Python file that transformers needs to load this model with other widths, if it needs one. */
    public Optional<String> modellingFile(ModelSpec pruned) {
        return family.isPlain(pruned) ? Optional.empty() : Optional.of(family.modellingFile());
    }

    /**
     * Everything before and after the layers except the final normalisation, under the names that the checkpoint really
     * stores; a tied pair of embedding and head may be stored once or twice.
     */
    public List<NamedTensor> endTensors() {
        List<NamedTensor> stored = new ArrayList<>();
        for (String name :
                List.of(spec.names().embedding() + ".weight", spec.names().head() + ".weight")) {
            if (checkpoint.contains(name)) {
                stored.add(new NamedTensor(name, embeddingMatrix(name), false));
            }
        }
        addMatrix(stored, spec.names().positions(), storedPositions());
        addMatrix(stored, spec.names().inputProjection(), inputProjection());
        addMatrix(stored, spec.names().outputProjection(), outputProjection());
        return stored;
    }

    private static void addMatrix(List<NamedTensor> tensors, @Nullable String name, @Nullable Matrix matrix) {
        if (name != null && matrix != null) {
            tensors.add(new NamedTensor(name + ".weight", matrix, false));
        }
    }

    /** What comes before and after the layers. */
    public ModelEnds ends() {
        LearnedPositions learned = spec.positions();
        Matrix stored = storedPositions();
        return new ModelEnds(
                embedding(),
                learned == null || stored == null ? null : stored.rowRange(learned.offset(), spec.contextLength()),
                inputProjection(),
                outputProjection(),
                head());
    }

    /** The token embedding, {@code vocabulary × embedding size}. */
    private Matrix embedding() {
        // A tied pair may be stored under either name, or under both.
        String own = spec.names().embedding() + ".weight";
        String shared = spec.names().head() + ".weight";
        boolean sharedAlone = !checkpoint.contains(own) && checkpoint.contains(shared);
        return embeddingMatrix(spec.tiedEmbeddings() && sharedAlone ? shared : own);
    }

    private @Nullable Matrix storedPositions() {
        LearnedPositions learned = spec.positions();
        return learned == null || spec.names().positions() == null
                ? null
                : checkpoint.matrix(
                        spec.names().positions() + ".weight",
                        spec.contextLength() + learned.offset(),
                        spec.hiddenSize());
    }

    private @Nullable Matrix inputProjection() {
        return projection(spec.names().inputProjection(), spec.hiddenSize(), spec.embeddingSize());
    }

    private @Nullable Matrix outputProjection() {
        return projection(spec.names().outputProjection(), spec.embeddingSize(), spec.hiddenSize());
    }

    private @Nullable Matrix projection(@Nullable String name, int rows, int columns) {
        return name == null || rows == columns ? null : checkpoint.matrix(name + ".weight", rows, columns);
    }

    private HeadWeights head() {
        Matrix head = spec.tiedEmbeddings()
                ? embedding()
                : embeddingMatrix(spec.names().head() + ".weight");
        Normalization normalization = spec.finalNormalization();
        return new HeadWeights(
                normalization,
                normalization == null ? null : norm(spec.names().finalNorm(), normalization),
                Linear.of(head));
    }

    @Override
    public LayerWeights layer(int layer, Arena arena) {
        return layer(layer); // mapped: nothing to allocate
    }

    /** The mapped weights of a layer. */
    public LayerWeights layer(int layer) {
        LayerSpec layerSpec = spec.layers().get(layer);
        return new LayerWeights(attention(layer, layerSpec.attention()), mlp(layer, layerSpec.mlp()));
    }

    @Override
    public void close() {
        checkpoint.close();
    }

    private AttentionWeights attention(int layer, AttentionSpec attention) {
        TensorNames names = spec.names();
        int queryRows = attention.features(attention.units());
        int keyRows = attention.groups() * attention.headSize();
        int hidden = spec.hiddenSize();
        return new AttentionWeights(
                norm(names.attentionNorm().formatted(layer), attention.normalization()),
                linear(names.query().formatted(layer), queryRows, hidden, attention.inputBias()),
                linear(names.key().formatted(layer), keyRows, hidden, attention.inputBias()),
                linear(names.value().formatted(layer), keyRows, hidden, attention.inputBias()),
                linear(names.attentionOutput().formatted(layer), hidden, queryRows, attention.outputBias()));
    }

    private MlpWeights mlp(int layer, MlpSpec mlp) {
        TensorNames names = spec.names();
        int hidden = spec.hiddenSize();
        String gateName = names.gate();
        @Nullable
        Linear gate =
                gateName == null ? null : linear(gateName.formatted(layer), mlp.channels(), hidden, mlp.inputBias());
        return new MlpWeights(
                norm(names.mlpNorm().formatted(layer), mlp.normalization()),
                gate,
                linear(names.up().formatted(layer), mlp.channels(), hidden, mlp.inputBias()),
                linear(names.mlpOutput().formatted(layer), hidden, mlp.channels(), mlp.outputBias()));
    }

    private Matrix embeddingMatrix(String name) {
        return checkpoint.matrix(name, spec.vocabularySize(), spec.embeddingSize());
    }

    private Linear linear(String name, int rows, int columns, boolean bias) {
        return new Linear(
                checkpoint.matrix(name + ".weight", rows, columns),
                bias ? checkpoint.vector(name + ".bias", rows) : null);
    }

    private NormWeights norm(String name, Normalization normalization) {
        boolean bias = normalization.kind() == Normalization.Kind.LAYER;
        return new NormWeights(
                checkpoint.vector(name + ".weight", spec.hiddenSize()),
                bias ? checkpoint.vector(name + ".bias", spec.hiddenSize()) : null);
    }

    /** All tensors that the architecture has, embedding and head under the names that the checkpoint stores. */
    public List<NamedTensor> tensors() {
        List<NamedTensor> tensors = new ArrayList<>(endTensors());
        for (int i = 0; i < spec.layers().size(); i++) {
            tensors.addAll(NamedTensor.ofLayer(spec.names(), i, layer(i)));
        }
        tensors.addAll(NamedTensor.ofFinalNorm(spec.names(), head().norm()));
        return tensors;
    }

    /**
     * Looks at every weight.
     *
     * @throws Failure if one is NaN or infinite; the message names its tensor
     */
    public void requireFinite() {
        tensors().parallelStream()
                .filter(tensor -> !FiniteWeights.areFinite(tensor.matrix()))
                .findFirst()
                .ifPresent(tensor -> {
                    throw new Failure(
                            FailureKind.NOT_FINITE,
                            checkpoint.directory() + ": tensor '" + tensor.name()
                                    + "' holds NaN or infinite weights; the checkpoint is damaged or its training"
                                    + " diverged");
                });
    }

    /** Everything that the architecture needs is there, and nothing that it would silently ignore. */
    private void requireExactTensors() {
        Set<String> unread = new TreeSet<>(checkpoint.names());
        unread.removeIf(name -> name.matches(spec.names().obsolete()));
        embedding();
        tensors().forEach(tensor -> unread.remove(tensor.name()));
        if (!unread.isEmpty()) {
            throw new Failure(
                    FailureKind.UNSUPPORTED_MODEL,
                    checkpoint.directory() + ": holds " + unread.size()
                            + " tensors that the architecture in its config.json does not have, such as '"
                            + unread.iterator().next() + "'; is it the right config.json?");
        }
    }
}
