package io.fastforward.export;

import com.fasterxml.jackson.annotation.JsonSetter;
import com.fasterxml.jackson.annotation.Nulls;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fastforward.checkpoint.AtomicDirectory;
import io.fastforward.checkpoint.AtomicFile;
import io.fastforward.checkpoint.CheckpointWriter;
import io.fastforward.checkpoint.TensorPlan;
import io.fastforward.model.Model;
import io.fastforward.model.NamedTensor;
import io.fastforward.nested.PartMove;
import io.fastforward.prune.PrunedLayerSink;
import io.fastforward.spi.model.LayerSpec;
import io.fastforward.spi.model.LayerWeights;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.tensor.DataType;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Writes a pruned model as a Hugging Face checkpoint directory while its layers pass by, in one of several
 * {@linkplain ExportFormat forms}. The directory appears under its
 * name only with {@link #commit()}; until then it can be read under {@link #path()}, and closing it deletes it.
 */
public final class CheckpointExport implements PrunedLayerSink, AutoCloseable {

    /**
     * How a model is written.
     *
     * @param format in which form
     * @param dataType data type of the weights; null keeps each tensor's own
     * @param shardBytes most bytes of weights in a file
     */
    public record Settings(
            ExportFormat format,
            @JsonSetter(nulls = Nulls.SET) @Nullable DataType dataType,
            long shardBytes) {}

    private final Model source;
    private final ModelSpec pruned;
    private final ModelSpec written;
    private final @Nullable DataType dataType;
    private final AtomicDirectory directory;
    private final CheckpointWriter writer;

    private CheckpointExport(
            Model source,
            ModelSpec pruned,
            ModelSpec written,
            @Nullable DataType dataType,
            AtomicDirectory directory,
            CheckpointWriter writer) {
        this.source = source;
        this.pruned = pruned;
        this.written = written;
        this.dataType = dataType;
        this.directory = directory;
        this.writer = writer;
    }

    /**
     * Begins an export: creates the files and writes configs, tokenizer and embeddings.
     *
     * @param pruned the architecture of the layers that will pass by, with units as in checkpoints
     * @throws Failure if the target holds something, or cannot be written
     */
    public static CheckpointExport begin(Model source, ModelSpec pruned, Path target, Settings settings) {
        ModelSpec written = settings.format().written(source, pruned);
        DataType dataType = settings.dataType();
        AtomicDirectory directory = AtomicDirectory.create(target);
        try {
            CheckpointWriter writer =
                    CheckpointWriter.open(
                            directory.path(), plans(source, pruned, written, dataType), settings.shardBytes());
            CheckpointExport export = new CheckpointExport(source, pruned, written, dataType, directory, writer);
            try {
                export.writeCompanions(source.config(written, dataType));
                source.endTensors().forEach(tensor -> writer.write(tensor.name(), tensor.matrix()));
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
    public static long weightBytes(Model source, ModelSpec pruned, Settings settings) {
        return plans(source, pruned, settings.format().written(source, pruned), settings.dataType()).stream()
                .mapToLong(TensorPlan::bytes)
                .sum();
    }

    /** Where the files are until they are committed. */
    public Path path() {
        return directory.path();
    }

    @Override
    public void accept(int layer, LayerWeights weights) {
        int place = sourceLayers(pruned, written).indexOf(layer);
        if (place < 0) {
            return; // it does nothing
        }
        LayerSpec own = pruned.layers().get(layer);
        LayerSpec wanted = written.layers().get(place);
        try (Arena arena = Arena.ofShared()) {
            LayerWeights complete = own.equals(wanted)
                    ? weights
                    : new LayerWeights(
                            fillUp(own.attention(), wanted.attention(), weights.attention(), arena),
                            fillUp(own.mlp(), wanted.mlp(), weights.mlp(), arena));
            NamedTensor.ofLayer(written, place, complete)
                    .forEach(tensor -> writer.write(tensor.name(), tensor.matrix()));
        }
    }

    private ModuleWeights fillUp(ModuleSpec own, ModuleSpec wanted, ModuleWeights weights, Arena arena) {
        return own.isIdentity()
                ? PartMove.zeros(wanted, zeroType(source, dataType), arena)
                : PartMove.fillUp(own, wanted, weights, arena);
    }

    /** Where each written layer comes from: layers that do nothing are left out, unless they are filled up. */
    private static List<Integer> sourceLayers(ModelSpec pruned, ModelSpec written) {
        return IntStream.range(0, pruned.layers().size())
                .filter(layer -> written.layers().size() == pruned.layers().size()
                        || !pruned.layers().get(layer).isIdentity())
                .boxed()
                .toList();
    }

    /** The data type of a module that is not there. */
    private static DataType zeroType(Model source, @Nullable DataType dataType) {
        return dataType == null ? source.endTensors().getFirst().matrix().type() : dataType;
    }

    /** Adds a small file of ours. */
    public void addFile(String name, byte[] contents) {
        AtomicFile.write(directory.path().resolve(name), contents);
    }

    /** Completes the files, once all layers have passed. */
    public void finish() {
        NamedTensor.ofFinalNorm(written.names(), source.ends().head().norm())
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

    /** All tensors that will be written, in this order. */
    private static List<TensorPlan> plans(
            Model source, ModelSpec pruned, ModelSpec written, @Nullable DataType dataType) {
        List<TensorPlan> plans = new ArrayList<>();
        List<Integer> sourceLayers = sourceLayers(pruned, written);
        source.endTensors().forEach(tensor -> plans.add(plan(tensor, tensor.shape(), dataType)));
        for (int i = 0; i < written.layers().size(); i++) {
            // The tensors of a layer have the source's names and data types, whatever their widths become.
            Map<String, List<Long>> shapes = mapShapes(written, i);
            try (Arena arena = Arena.ofShared()) {
                LayerSpec wanted = written.layers().get(i);
                LayerWeights stored = source.layer(sourceLayers.get(i));
                LayerWeights like = new LayerWeights(
                        typed(wanted.attention(), stored.attention(), source, dataType, arena),
                        typed(wanted.mlp(), stored.mlp(), source, dataType, arena));
                NamedTensor.ofLayer(written, i, like)
                        .forEach(tensor ->
                                plans.add(plan(tensor, shapes.getOrDefault(tensor.name(), tensor.shape()), dataType)));
            }
        }
        NamedTensor.ofFinalNorm(written.names(), source.ends().head().norm())
                .forEach(tensor -> plans.add(plan(tensor, tensor.shape(), dataType)));
        return plans;
    }

    private static ModuleWeights typed(
            ModuleSpec wanted, ModuleWeights stored, Model source, @Nullable DataType dataType, Arena arena) {
        boolean there = !stored.maps().isEmpty();
        return there || wanted.isIdentity() ? stored : PartMove.zeros(wanted, zeroType(source, dataType), arena);
    }

    private static Map<String, List<Long>> mapShapes(ModelSpec written, int layer) {
        Map<String, List<Long>> shapes = new HashMap<>();
        LayerSpec modules = written.layers().get(layer);
        Stream.of(modules.attention(), modules.mlp())
                .flatMap(module -> module.maps().stream())
                .forEach(map -> {
                    String name = written.names().map(map.role(), layer);
                    shapes.put(name + ".weight", List.of((long) map.rows(), (long) map.columns()));
                    shapes.put(name + ".bias", List.of((long) map.rows()));
                });
        return shapes;
    }

    private static TensorPlan plan(NamedTensor tensor, List<Long> shape, @Nullable DataType dataType) {
        return new TensorPlan(tensor.name(), dataType == null ? tensor.matrix().type() : dataType, shape);
    }

    private void writeCompanions(ObjectNode config) {
        addFile("config.json", config.toPrettyString().getBytes(StandardCharsets.UTF_8));
        source.modellingFile(written).ifPresent(name -> addFile(name, ModellingFile.contents(name, config)));
        source.checkpoint().companions().copyTo(directory.path());
    }
}
