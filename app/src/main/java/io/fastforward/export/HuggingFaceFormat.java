package io.fastforward.export;

import io.fastforward.checkpoint.Checkpoint;
import io.fastforward.checkpoint.CheckpointWriter;
import io.fastforward.checkpoint.TensorPlan;
import io.fastforward.model.Model;
import io.fastforward.model.NamedTensor;
import io.fastforward.nested.PartMove;
import io.fastforward.spi.format.Loading;
import io.fastforward.spi.format.ModelFormat;
import io.fastforward.spi.format.ModelSource;
import io.fastforward.spi.format.ModelWriter;
import io.fastforward.spi.format.ReadableModel;
import io.fastforward.spi.format.WriteSettings;
import io.fastforward.spi.model.LayerSpec;
import io.fastforward.spi.model.LayerWeights;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.model.Normalization;
import io.fastforward.spi.tensor.DataType;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Hugging Face checkpoint directories: config, safetensors, and the files that follow the weights. */
enum HuggingFaceFormat implements ModelFormat {
    /**
     * The layers' real widths. Where the family's class in transformers does not take them, a modelling file of ours
     * comes along, and loading needs {@code trust_remote_code=True}.
     */
    REAL_WIDTHS,
    /**
     * The widths from before pruning, filled up with zeros, which change nothing in what the model computes. Loads
     * wherever the unpruned model does, and is neither smaller nor faster.
     */
    PADDED;

    /** The architecture that is written for a pruned one. */
    ModelSpec written(ModelSource source, ModelSpec model) {
        return this == PADDED ? source.unprunedSpec() : model.withoutIdentityLayers();
    }

    /**
     * Zeros add nothing to the hidden state, but a normalisation that comes after that changes it. And what loads wherever the
     * unpruned model does has no biases where that has none.
     */
    @Override
    public Optional<String> refusal(ModelSpec unpruned, ModelSpec model) {
        if (this == PADDED && Model.hasAddedBiases(model)) {
            return Optional.of("its output maps have biases, which the class of '" + model.family()
                    + "' in transformers does not have; use the format hf, or repair without changing biases");
        }
        boolean normalisedAfter = model.modules().stream()
                .anyMatch(module ->
                        module.isIdentity() && module.normalization().placement() == Normalization.Placement.AFTER);
        return this == PADDED && normalisedAfter
                ? Optional.of("a whole module is gone, and '" + model.family() + "' normalises after its modules, which"
                        + " zeros would not undo; use the format hf, or keep a unit of every module")
                : Optional.empty();
    }

    @Override
    public long weightBytes(ModelSource source, ModelSpec model, WriteSettings settings) {
        return plans(source, model, written(source, model), settings.dataType()).stream()
                .mapToLong(TensorPlan::bytes)
                .sum();
    }

    @Override
    public ModelWriter begin(ModelSource source, ModelSpec model, WriteSettings settings, Path directory) {
        ModelSpec written = written(source, model);
        CheckpointWriter tensors = CheckpointWriter.open(
                directory, plans(source, model, written, settings.dataType()), settings.fileBytes());
        try {
            HuggingFaceWriter writer = new HuggingFaceWriter(source, model, written, tensors);
            writer.begin(directory, source.config(written, settings.dataType()));
            return writer;
        } catch (Throwable e) {
            tensors.close();
            throw e;
        }
    }

    @Override
    public Optional<ReadableModel> open(Path directory) {
        ReaderCheck.run(directory);
        return Optional.of(ExportSource.open(directory));
    }

    @Override
    public List<Loading> loading(Path directory) {
        try (Checkpoint written = Checkpoint.open(directory)) {
            String ours = written.config().has("auto_map") ? ", trust_remote_code=True" : "";
            return List.of(
                    new Loading("transformers", "python", """
                            from transformers import AutoModelForCausalLM, AutoTokenizer

                            model = AutoModelForCausalLM.from_pretrained("MODEL_DIR", dtype="auto"%s)
                            tokenizer = AutoTokenizer.from_pretrained("MODEL_DIR")
                            inputs = tokenizer("Once upon a time", return_tensors="pt")
                            print(tokenizer.decode(model.generate(**inputs, max_new_tokens=50)[0]))""".formatted(ours)),
                    new Loading("FastForward", "sh", "fastforward bench MODEL_DIR"));
        }
    }

    /** All tensors that will be written, in this order. */
    static List<TensorPlan> plans(ModelSource source, ModelSpec model, ModelSpec written, @Nullable DataType dataType) {
        List<NamedTensor> tensors = new ArrayList<>();
        Map<String, List<Long>> shapes = new HashMap<>();
        source.endTensors().forEach((name, matrix) -> tensors.add(new NamedTensor(name, matrix, false)));
        try (Arena arena = Arena.ofShared()) {
            List<Integer> places = places(model, written);
            for (int i = 0; i < written.layers().size(); i++) {
                // The tensors of a layer have the source's names and data types, whatever their widths become.
                LayerSpec wanted = written.layers().get(i);
                LayerWeights stored = source.layer(places.get(i), arena);
                LayerWeights alike = new LayerWeights(
                        alike(wanted.attention(), stored.attention(), source, arena),
                        alike(wanted.mlp(), stored.mlp(), source, arena));
                tensors.addAll(NamedTensor.ofLayer(written, i, alike));
                addMapShapes(written, i, shapes);
            }
            tensors.addAll(NamedTensor.ofFinalNorm(
                    written.names(), source.ends().head().norm()));
            return tensors.stream()
                    .map(tensor -> new TensorPlan(
                            tensor.name(),
                            dataType == null ? tensor.matrix().type() : dataType,
                            shapes.getOrDefault(tensor.name(), tensor.shape())))
                    .toList();
        }
    }

    /** Which layer of the model each written one is: layers that do nothing are left out, unless they are filled up. */
    static List<Integer> places(ModelSpec model, ModelSpec written) {
        boolean all = written.layers().size() == model.layers().size();
        return IntStream.range(0, model.layers().size())
                .filter(layer -> all || !model.layers().get(layer).isIdentity())
                .boxed()
                .toList();
    }

    /** The weights of a module, or zeros for one that is gone and has to be there again. */
    static ModuleWeights orZeros(ModuleSpec wanted, ModuleWeights weights, ModelSource source, Arena arena) {
        return weights.maps().isEmpty() && !wanted.isIdentity()
                ? PartMove.zeros(
                        wanted, source.endTensors().firstEntry().getValue().type(), arena)
                : weights;
    }

    /** Weights with the tensors and data types of the module that will be written, if not with its widths. */
    private static ModuleWeights alike(ModuleSpec wanted, ModuleWeights stored, ModelSource source, Arena arena) {
        ModuleWeights weights = orZeros(wanted, stored, source, arena);
        boolean outputBias = !wanted.isIdentity() && wanted.maps().getLast().bias();
        return outputBias ? weights.withOutputBias(arena) : weights;
    }

    private static void addMapShapes(ModelSpec written, int layer, Map<String, List<Long>> shapes) {
        LayerSpec modules = written.layers().get(layer);
        Stream.of(modules.attention(), modules.mlp())
                .flatMap(module -> module.maps().stream())
                .forEach(map -> {
                    String name = written.names().map(map.role(), layer);
                    shapes.put(name + ".weight", List.of((long) map.rows(), (long) map.columns()));
                    shapes.put(name + ".bias", List.of((long) map.rows()));
                });
    }
}
