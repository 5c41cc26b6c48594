package io.fastforward.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fastforward.checkpoint.Checkpoint;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.OneLine;
import io.fastforward.failure.Setting;
import io.fastforward.spi.model.HeadWeights;
import io.fastforward.spi.model.LayerSpec;
import io.fastforward.spi.model.LayerWeights;
import io.fastforward.spi.model.LearnedPositions;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.model.MapShape;
import io.fastforward.spi.model.ModelEnds;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.model.NormWeights;
import io.fastforward.spi.model.Normalization;
import io.fastforward.spi.model.WeightSource;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A model in a checkpoint directory: architecture and mapped weights. All tensors are there, with the right shapes and
 * readable data types, once it is open. Views of weights are valid until it is closed. Safe for many threads.
 */
public final class Model implements AutoCloseable, WeightSource {

    private final Checkpoint checkpoint;
    private final StoredNames names;
    private final ModelFamily family;
    private final ModelSpec spec;
    private final List<String> remarks = new ArrayList<>();

    private Model(Checkpoint checkpoint) {
        Config config = new Config(checkpoint.config());
        this.checkpoint = checkpoint;
        this.names = new StoredNames(checkpoint);
        this.family = ModelFamilies.of(config);
        requireNoSpecialSettings(config);
        ModelSpec declared = family.reader().apply(config);
        if (declared.layers().stream().allMatch(LayerSpec::isIdentity)) {
            throw Config.damaged("no layer has heads or MLP channels");
        }
        boolean headDiffers = declared.tiedEmbeddings() && storesAnotherHead(declared);
        this.spec = declared.withTiedEmbeddings(declared.tiedEmbeddings() && !headDiffers);
        requireHead();
        SettledConfig.remarks(config, declared, headDiffers)
                .forEach(line -> remarks.add("Warning: " + checkpoint.directory() + "/config.json: " + line));
        remarks.addAll(UnreadTensors.remarks(checkpoint, storedTensors()));
    }

    /**
     * Opens a checkpoint directory.
     *
     * @throws Failure if it is missing, damaged, or of an unknown architecture
     */
    public static Model open(Path directory) {
        return open(directory, config -> config);
    }

    /** Whether there is a checkpoint that {@link #open(Path)} takes: some formats are for other programs alone. */
    public static boolean canOpen(Path directory) {
        try (Model _ = open(directory)) {
            return true;
        } catch (Failure _) {
            return false;
        }
    }

    /**
     * Opens a checkpoint directory whose config is not of a family that is known, but says the same in other words.
     *
     * @param translation the config of a known family with the same weights
     * @throws Failure as of the other; what the translation throws
     */
    public static Model open(Path directory, UnaryOperator<JsonNode> translation) {
        Checkpoint checkpoint = Checkpoint.open(directory, translation);
        try {
            return new Model(checkpoint);
        } catch (Throwable e) {
            checkpoint.close();
            throw e;
        }
    }

    /**
     * What a user should know about the checkpoint although it can be read: settings that contradict each other or the
     * weights, and what nothing reads. Lines that begin with "Warning" or "Note" and name the directory.
     */
    public List<String> remarks() {
        return List.copyOf(remarks);
    }

    /** The architecture. */
    public ModelSpec spec() {
        return spec;
    }

    /** The files behind the model. */
    public Checkpoint checkpoint() {
        return checkpoint;
    }

    /** How many layers the model had before it was ever pruned, if its config tells; else those that it has. */
    public int unprunedLayers() {
        int layers = spec.layers().size();
        return Math.max(layers, new Config(checkpoint.config()).count(ModelFamily.UNPRUNED_LAYERS, layers));
    }

    /** The sizes of the layers that are left before they were ever pruned, if the config tells; else their own. */
    public ModelSpec unprunedSpec() {
        ObjectNode config = checkpoint.config().deepCopy();
        config.remove(ModelFamily.LAYER_LISTS);
        return family.reader().apply(new Config(config)).withTiedEmbeddings(spec.tiedEmbeddings());
    }

    /**
     * The config of this model with other widths: the family's own if its class in transformers takes them, else one
     * that keeps the global sizes of the source beside lists of the layers' own and names the
     * {@linkplain #modellingFile modelling file}. Whatever the source says twice, or against its weights, is settled.
     *
     * @param dataType that of the written weights; null if each keeps its own
     */
    public ObjectNode config(ModelSpec pruned, @Nullable DataType dataType) {
        Set<DataType> dataTypes = dataType != null
                ? Set.of(dataType)
                : tensors().stream().map(tensor -> tensor.matrix().type()).collect(Collectors.toSet());
        ObjectNode config = checkpoint.config().deepCopy();
        family.writeWidths(pruned, config);
        SettledConfig.settle(config, family, spec, pruned, dataTypes);
        return config;
    }

    /** Whether an output map has a bias where the class of the family in transformers has none. */
    public static boolean hasAddedBiases(ModelSpec spec) {
        return ModelFamilies.of(spec).hasAddedBiases(spec);
    }

    /** The name of the Python file that transformers needs to load this model with other widths, if it needs one. */
    public Optional<String> modellingFile(ModelSpec pruned) {
        return family.isPlain(pruned) ? Optional.empty() : Optional.of(family.modellingFile());
    }

    /** Everything before and after the layers except the final normalisation; a head that is the embedding is left out. */
    public List<NamedTensor> endTensors() {
        List<NamedTensor> tensors = new ArrayList<>();
        addMatrix(tensors, spec.names().embedding(), embedding());
        addMatrix(
                tensors,
                spec.names().head(),
                spec.tiedEmbeddings() ? null : embeddingMatrix(spec.names().head()));
        addMatrix(tensors, spec.names().positions(), storedPositions());
        addMatrix(tensors, spec.names().inputProjection(), inputProjection());
        addMatrix(tensors, spec.names().outputProjection(), outputProjection());
        return tensors;
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
        return embeddingMatrix(embeddingName());
    }

    /** A tied pair may be stored under either name, or under both. */
    private String embeddingName() {
        String own = spec.names().embedding();
        String shared = spec.names().head();
        return spec.tiedEmbeddings() && !isStored(own) && isStored(shared) ? shared : own;
    }

    private boolean isStored(String name) {
        return names.contains(name + ".weight");
    }

    private @Nullable Matrix storedPositions() {
        LearnedPositions learned = spec.positions();
        return learned == null || spec.names().positions() == null
                ? null
                : matrix(
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
        return name == null || rows == columns ? null : matrix(name + ".weight", rows, columns);
    }

    private HeadWeights head() {
        Matrix head = spec.tiedEmbeddings()
                ? embedding()
                : embeddingMatrix(spec.names().head());
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

    @Override
    public List<MemorySegment> mapped(int layer) {
        LayerWeights weights = layer(layer);
        return Stream.of(weights.attention(), weights.mlp())
                .flatMap(module -> module.maps().values().stream())
                .map(map -> map.weight().data())
                .toList();
    }

    /** Bytes of a stored weight, the most that any tensor has. */
    public int bytesPerWeight() {
        return tensors().stream()
                .mapToInt(tensor -> tensor.matrix().type().bytes())
                .max()
                .orElse(Float.BYTES);
    }

    /** The mapped weights of a layer. */
    public LayerWeights layer(int layer) {
        LayerSpec layerSpec = spec.layers().get(layer);
        return new LayerWeights(module(layer, layerSpec.attention()), module(layer, layerSpec.mlp()));
    }

    @Override
    public void close() {
        checkpoint.close();
    }

    private ModuleWeights module(int layer, ModuleSpec module) {
        if (module.isIdentity()) {
            return ModuleWeights.NONE;
        }
        var maps = new LinkedHashMap<MapRole, Linear>();
        for (MapShape shape : module.maps()) {
            String name = spec.names().map(shape.role(), layer);
            maps.put(
                    shape.role(),
                    new Linear(
                            matrix(name + ".weight", shape.rows(), shape.columns()),
                            shape.bias() ? vector(name + ".bias", shape.rows()) : null));
        }
        return new ModuleWeights(norm(spec.names().norm(module, layer), module.normalization()), maps);
    }

    private Matrix embeddingMatrix(String name) {
        return matrix(name + ".weight", spec.vocabularySize(), spec.embeddingSize());
    }

    private Matrix matrix(String name, int rows, int columns) {
        return checkpoint.matrix(names.of(name), rows, columns);
    }

    private Matrix vector(String name, int length) {
        return checkpoint.vector(names.of(name), length);
    }

    private NormWeights norm(String name, Normalization normalization) {
        boolean bias = normalization.kind() == Normalization.Kind.LAYER;
        return new NormWeights(
                vector(name + ".weight", spec.hiddenSize()), bias ? vector(name + ".bias", spec.hiddenSize()) : null);
    }

    /** All tensors that the architecture has, under its names; a head that is the embedding is left out. */
    public List<NamedTensor> tensors() {
        List<NamedTensor> tensors = new ArrayList<>(endTensors());
        for (int i = 0; i < spec.layers().size(); i++) {
            tensors.addAll(NamedTensor.ofLayer(spec, i, layer(i)));
        }
        tensors.addAll(NamedTensor.ofFinalNorm(spec.names(), head().norm()));
        return tensors;
    }

    /**
     * Looks at every weight.
     *
     * @param dataType in which they will be written; null if each keeps its own
     * @throws Failure if one is NaN or infinite, or would be in that data type; the message names its tensor
     */
    public void requireFinite(@Nullable DataType dataType) {
        tensors().parallelStream()
                .flatMap(tensor -> notFinite(tensor, dataType).stream())
                .findFirst()
                .ifPresent(failure -> {
                    throw failure;
                });
    }

    private Optional<Failure> notFinite(NamedTensor tensor, @Nullable DataType dataType) {
        DataType written = dataType == null ? tensor.matrix().type() : dataType;
        Optional<String> problem = FiniteWeights.areFinite(tensor.matrix())
                ? FiniteWeights.overflowing(tensor.matrix(), written).map(weight -> overflow(weight, written))
                : Optional.of("NaN or infinite weights; the checkpoint is damaged or its training diverged");
        return problem.map(what -> FailureKind.NOT_FINITE.failure(
                checkpoint.directory() + ": tensor '" + tensor.name() + "' holds " + what));
    }

    private static String overflow(float weight, DataType dataType) {
        boolean half = dataType == DataType.F16;
        return weight + ", but the largest number of " + dataType + " is " + (half ? "65504" : "3.3895314E38")
                + "; use " + Setting.DATA_TYPE + (half ? " BF16 or F32" : " F32");
    }

    /** The stored names of what the architecture has. Asking for them finds out whether all of it is there. */
    private Set<String> storedTensors() {
        Set<String> stored = new HashSet<>();
        tensors().forEach(tensor -> stored.addAll(names.stored(tensor.name())));
        if (spec.tiedEmbeddings()) {
            stored.addAll(names.stored(spec.names().head() + ".weight"));
        }
        return stored;
    }

    /** transformers ties what its config says is tied only if the weights agree. */
    private boolean storesAnotherHead(ModelSpec declared) {
        String embedding = declared.names().embedding() + ".weight";
        String head = declared.names().head() + ".weight";
        return names.contains(embedding)
                && names.contains(head)
                && !EqualWeights.areEqual(
                        matrix(embedding, declared.vocabularySize(), declared.embeddingSize()),
                        matrix(head, declared.vocabularySize(), declared.embeddingSize()));
    }

    private void requireHead() {
        if (!spec.tiedEmbeddings()
                && isStored(spec.names().embedding())
                && !isStored(spec.names().head())) {
            throw FailureKind.BAD_CHECKPOINT.failure(
                    checkpoint.directory() + ": has no " + spec.names().head() + ".weight, and its config.json does not"
                            + " say that the head is the embedding; if it is, set tie_word_embeddings to true, else get"
                            + " the checkpoint of the whole model (transformers would draw a head at random)");
        }
    }

    /** What changes a model in transformers, for any family, and is not computed here. */
    private static void requireNoSpecialSettings(Config config) {
        String weights = config.text("transformers_weights", Checkpoint.WEIGHTS);
        requireSupported(!config.hasEntries("per_layer_config"), "per_layer_config, settings of single layers,");
        requireSupported(config.flag("is_causal", true), "is_causal false");
        requireSupported(
                Set.of(Checkpoint.WEIGHTS, Checkpoint.INDEX).contains(weights),
                "transformers_weights '" + OneLine.of(weights) + "'");
    }

    private static void requireSupported(boolean holds, String setting) {
        if (!holds) {
            throw Config.unsupported(setting + " is not supported");
        }
    }
}
