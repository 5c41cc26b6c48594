package io.fastforward.export;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fastforward.checkpoint.AtomicFile;
import io.fastforward.checkpoint.CheckpointWriter;
import io.fastforward.json.ForeignJson;
import io.fastforward.spi.format.Demands;
import io.fastforward.spi.format.Loading;
import io.fastforward.spi.format.ModelFormat;
import io.fastforward.spi.format.ModelSource;
import io.fastforward.spi.format.ModelWriter;
import io.fastforward.spi.format.ReadableModel;
import io.fastforward.spi.format.WriteSettings;
import io.fastforward.spi.model.ModelSpec;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Checkpoint directories for vLLM's DeciLM: the tensors of LLaMA, without those of modules that are gone, and a config that
 * says of each layer how wide its MLP is, and which module does nothing.
 */
final class DecilmFormat implements ModelFormat {

    @Override
    public Optional<String> refusal(ModelSpec unpruned, ModelSpec model) {
        return DecilmLimits.refusal(model.withoutIdentityLayers());
    }

    /** One number of heads for all layers: attention stays whole. */
    @Override
    public Demands demands(ModelSpec unpruned) {
        return new Demands(FeedForwardMultiplier.MULTIPLE, true, true);
    }

    @Override
    public long weightBytes(ModelSource source, ModelSpec model, WriteSettings settings) {
        return HuggingFaceFormat.REAL_WIDTHS.weightBytes(source, model, settings);
    }

    @Override
    public ModelWriter begin(ModelSource source, ModelSpec model, WriteSettings settings, Path directory) {
        ModelSpec written = model.withoutIdentityLayers();
        String config = DecilmConfig.of(parsed(source.config(written, settings.dataType())), written)
                .toPrettyString();
        CheckpointWriter tensors = CheckpointWriter.open(
                directory, HuggingFaceFormat.plans(source, model, written, settings.dataType()), settings.fileBytes());
        try {
            HuggingFaceWriter writer = new HuggingFaceWriter(source, model, written, tensors);
            writer.begin(directory, config);
            ModellingFile file = ModellingFile.named(DecilmConfig.MODULE + ".py");
            AtomicFile.write(directory.resolve(file.name()), file.contents());
            return writer;
        } catch (Throwable e) {
            tensors.close();
            throw e;
        }
    }

    private static ObjectNode parsed(String config) {
        try {
            return (ObjectNode)
                    ForeignJson.mapper(StreamReadConstraints.defaults()).readTree(config);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("the source's config is not JSON", e);
        }
    }

    @Override
    public Optional<ReadableModel> open(Path directory) {
        return Optional.of(DecilmReader.open(directory));
    }

    @Override
    public List<Loading> loading(Path directory) {
        return List.of(new Loading("vLLM", "sh", """
                # DeciLM is vLLM's own; the code that comes along is the class of its config
                vllm serve MODEL_DIR --trust-remote-code"""));
    }
}
