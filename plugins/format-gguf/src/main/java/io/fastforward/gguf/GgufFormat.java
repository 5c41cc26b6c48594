package io.fastforward.gguf;

import io.fastforward.spi.format.Demands;
import io.fastforward.spi.format.Loading;
import io.fastforward.spi.format.ModelFormat;
import io.fastforward.spi.format.ModelSource;
import io.fastforward.spi.format.ModelWriter;
import io.fastforward.spi.format.ReadableModel;
import io.fastforward.spi.format.WriteSettings;
import io.fastforward.spi.model.LayerSpec;
import io.fastforward.spi.model.ModelSpec;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A GGUF file, {@value #FILE}, beside the files that follow the weights.
 *
 * @param quantized whether matrices are written as Q8_0
 */
record GgufFormat(boolean quantized) implements ModelFormat {

    static final String FILE = "model.gguf";

    /** What {@code general.quantization_version} says of the blocks' layout. */
    private static final int QUANTIZATION_VERSION = 2;

    @Override
    public Optional<String> refusal(ModelSpec unpruned, ModelSpec model) {
        Optional<String> refusal = Architecture.refusal(model);
        return refusal.isPresent() || !quantized
                ? refusal
                : oddWidth(Architecture.of(model).written());
    }

    private static Optional<String> oddWidth(ModelSpec written) {
        for (int i = 0; i < written.layers().size(); i++) {
            LayerSpec layer = written.layers().get(i);
            for (int width : new int[] {
                written.hiddenSize(),
                layer.attention().heads() * layer.attention().headSize(),
                layer.mlp().channels()
            }) {
                if (!TensorType.Q8_0.holds(width)) {
                    return Optional.of("layer " + i + " has a map with " + width + " inputs, and Q8_0 stores "
                            + QuantizedBlock.SIZE
                            + " at a time; prune to widths that are multiples of it, or write F16");
                }
            }
        }
        return Optional.empty();
    }

    @Override
    public Optional<String> refusal(ModelSource source) {
        try {
            vocabulary(source);
            return Optional.empty();
        } catch (UnsupportedTokenizerException e) {
            return Optional.of("llama.cpp would not make the same tokens of a text: " + e.getMessage());
        }
    }

    private static Vocabulary vocabulary(ModelSource source) {
        return VocabularyReader.read(
                source.directory(), source.spec().vocabularySize(), source.config(source.spec(), null));
    }

    /** Biases of queries are taken for all heads alone, so attention stays whole where there are any. */
    @Override
    public Demands demands(ModelSpec unpruned) {
        boolean biases =
                unpruned.layers().stream().anyMatch(layer -> layer.attention().inputBias());
        return new Demands(quantized ? QuantizedBlock.SIZE : 1, biases, true);
    }

    @Override
    public long weightBytes(ModelSource source, ModelSpec model, WriteSettings settings) {
        return FileLayout.of(source, model, settings, quantized).bytes();
    }

    @Override
    public ModelWriter begin(ModelSource source, ModelSpec model, WriteSettings settings, Path directory) {
        FileLayout layout = FileLayout.of(source, model, settings, quantized);
        Map<String, MetadataValue> metadata =
                new LinkedHashMap<>(layout.architecture().metadata());
        metadata.put("general.type", new MetadataValue.Text("model"));
        metadata.put(
                "general.file_type", new MetadataValue.Count(layout.mainType().fileCode()));
        if (quantized) {
            metadata.put("general.quantization_version", new MetadataValue.Count(QUANTIZATION_VERSION));
        }
        metadata.putAll(vocabulary(source).metadata());
        source.copyCompanions(directory);
        TensorFile file = new TensorFile(directory.resolve(FILE), metadata, layout.tensors());
        GgufWriter writer = new GgufWriter(layout, quantized ? null : settings.dataType(), file);
        try {
            writer.writeEnds(source);
            return writer;
        } catch (Throwable e) {
            writer.close();
            throw e;
        }
    }

    @Override
    public List<Loading> loading(Path directory) {
        return List.of(new Loading("llama.cpp", "sh", """
                llama-cli -m MODEL_DIR/%1$s -p "Once upon a time"
                llama-server -m MODEL_DIR/%1$s""".formatted(FILE)));
    }

    @Override
    public Optional<ReadableModel> open(Path directory) {
        return quantized ? Optional.empty() : Optional.of(GgufModel.open(directory.resolve(FILE)));
    }
}
