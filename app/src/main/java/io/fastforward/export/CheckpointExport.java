package io.fastforward.export;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fastforward.checkpoint.AtomicDirectory;
import io.fastforward.checkpoint.AtomicFile;
import io.fastforward.checkpoint.CheckpointWriter;
import io.fastforward.checkpoint.TensorPlan;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.model.LayerWeights;
import io.fastforward.model.Model;
import io.fastforward.model.ModelSpec;
import io.fastforward.model.NamedTensor;
import io.fastforward.prune.LeadingUnits;
import io.fastforward.prune.PrunedLayerSink;
import io.fastforward.spi.Policy;
import io.fastforward.spi.tensor.DataType;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes a pruned model as a Hugging Face checkpoint directory while its layers pass by. The directory appears under its
 * name only with {@link #commit()}; until then it can be read under {@link #path()}, and closing it deletes it.
 */
public final class CheckpointExport implements PrunedLayerSink, AutoCloseable {

    private final Model source;
    private final ModelSpec pruned;
    private final @Nullable DataType dataType;
    private final AtomicDirectory directory;
    private final CheckpointWriter writer;

    private CheckpointExport(
            Model source,
            ModelSpec pruned,
            @Nullable DataType dataType,
            AtomicDirectory directory,
            CheckpointWriter writer) {
        this.source = source;
        this.pruned = pruned;
        this.dataType = dataType;
        this.directory = directory;
        this.writer = writer;
    }

    /**
     * Begins an export: creates the files and writes configs, tokenizer and embeddings.
     *
     * @param dataType data type of the result; null keeps each tensor's own
     * @param shardBytes most bytes of weights in a file
     * @throws Failure if the target holds something, or cannot be written
     */
    public static CheckpointExport begin(
            Model source, Policy policy, Path target, @Nullable DataType dataType, long shardBytes) {
        AtomicDirectory directory = AtomicDirectory.create(target);
        try {
            List<NamedTensor> shapes = shapes(source, policy);
            CheckpointWriter writer = CheckpointWriter.open(
                    directory.path(),
                    shapes.stream().map(tensor -> plan(tensor, dataType)).toList(),
                    shardBytes);
            CheckpointExport export =
                    new CheckpointExport(source, source.spec().pruned(policy), dataType, directory, writer);
            try {
                export.writeCompanions(source.prunedConfig(policy));
                source.embeddingTensors().forEach(tensor -> writer.write(tensor.name(), tensor.matrix()));
                return export;
            } catch (Throwable e) {
                writer.close();
                throw e;
            }
        } catch (Throwable e) {
            directory.close();
            throw e;
        }
    }

    /** Bytes of weights that an export writes. */
    public static long weightBytes(Model source, Policy policy, @Nullable DataType dataType) {
        return shapes(source, policy).stream()
                .mapToLong(tensor -> plan(tensor, dataType).bytes())
                .sum();
    }

    /** Where the files are until they are committed. */
    public Path path() {
        return directory.path();
    }

    @Override
    public void accept(int layer, LayerWeights weights) {
        NamedTensor.ofLayer(pruned.names(), layer, weights)
                .forEach(tensor -> writer.write(tensor.name(), tensor.matrix()));
    }

    /** Adds a small file of ours. */
    public void addFile(String name, byte[] contents) {
        AtomicFile.write(directory.path().resolve(name), contents);
    }

    /** Completes the files, once all layers have passed. */
    public void finish() {
        NamedTensor.ofFinalNorm(pruned.names(), source.head().norm())
                .forEach(tensor -> writer.write(tensor.name(), tensor.matrix()));
        writer.finish();
    }

    /** Gives the directory its name. */
    public void commit() {
        directory.commit();
    }

    /** Deletes what was not committed. */
    @Override
    public void close() {
        try {
            writer.close();
        } finally {
            directory.close();
        }
    }

    /** All tensors of the pruned model in the order in which they are written; values are views of the source's. */
    private static List<NamedTensor> shapes(Model source, Policy policy) {
        ModelSpec pruned = source.spec().pruned(policy);
        List<NamedTensor> tensors = new ArrayList<>(source.embeddingTensors());
        for (int i = 0; i < pruned.layers().size(); i++) {
            LayerWeights cut = LeadingUnits.of(pruned.layers().get(i), source.layer(i));
            tensors.addAll(NamedTensor.ofLayer(pruned.names(), i, cut));
        }
        tensors.addAll(NamedTensor.ofFinalNorm(pruned.names(), source.head().norm()));
        return tensors;
    }

    private static TensorPlan plan(NamedTensor tensor, @Nullable DataType dataType) {
        DataType type = dataType == null ? tensor.matrix().type() : dataType;
        return new TensorPlan(tensor.name(), type, tensor.shape());
    }

    private void writeCompanions(ObjectNode config) {
        if (dataType != null) {
            String name = switch (dataType) {
                case F32 -> "float32";
                case F16 -> "float16";
                case BF16 -> "bfloat16";
            };
            // transformers 5 writes dtype, earlier versions torch_dtype.
            config.put(config.has("torch_dtype") ? "torch_dtype" : "dtype", name);
        }
        addFile("config.json", config.toPrettyString().getBytes(StandardCharsets.UTF_8));
        for (Path file : source.checkpoint().companionFiles()) {
            try {
                addFile(String.valueOf(file.getFileName()), Files.readAllBytes(file));
            } catch (IOException e) {
                throw new Failure(
                        FailureKind.NOT_FOUND, "cannot read " + file + " to carry it over: " + e.getMessage(), e);
            }
        }
    }
}
