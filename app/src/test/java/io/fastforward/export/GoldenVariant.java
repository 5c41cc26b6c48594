package io.fastforward.export;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fastforward.checkpoint.Checkpoint;
import io.fastforward.checkpoint.CheckpointWriter;
import io.fastforward.checkpoint.StoredTensor;
import io.fastforward.checkpoint.TensorPlan;
import io.fastforward.model.Model;
import io.fastforward.nested.NestedModel;
import io.fastforward.spi.format.WriteSettings;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import io.fastforward.testing.Golden;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** A checkpoint as they occur: a golden model with an alteration, as scripts/golden/make_variants.py made it. */
record GoldenVariant(JsonNode golden) {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String PREFIX = "model.";

    /** A tensor under the name that it gets, times a factor. */
    private record Altered(StoredTensor source, double factor, DataType type) {}

    static Stream<GoldenVariant> all() {
        JsonNode variants = Golden.read("variants.json").path("variants");
        return StreamSupport.stream(variants.spliterator(), false).map(GoldenVariant::new);
    }

    int[] tokens() {
        return Golden.ints(golden.path("tokens"));
    }

    /** Of the last tokens, by the whole model. */
    float[] logits() {
        return Golden.floats(golden.path("logits"));
    }

    /** Of the last tokens, by the model without the last channel of its first layer. */
    float[] prunedLogits() {
        return Golden.floats(golden.path("pruned"));
    }

    /** What check_export.py expects of the pruned model. */
    void writeExpected(Path file) {
        ObjectNode expected = JSON.createObjectNode();
        ObjectNode sequence = expected.putArray("sequences").addObject();
        sequence.set("tokens", golden.path("tokens"));
        sequence.set("logits", golden.path("pruned"));
        writeJson(file, expected);
    }

    /** Writes the checkpoint. */
    Path write(Path directory) {
        Path base = Golden.path(golden.path("base").asText());
        try (Checkpoint source = Checkpoint.open(base);
                Arena arena = Arena.ofConfined()) {
            Files.createDirectories(directory);
            ObjectNode config = source.config().deepCopy();
            golden.path("set").properties().forEach(entry -> config.set(entry.getKey(), entry.getValue()));
            golden.path("remove").forEach(key -> config.remove(key.asText()));
            writeJson(directory.resolve("config.json"), config);
            Map<String, Altered> tensors = tensors(source);
            List<TensorPlan> plans = new ArrayList<>();
            tensors.forEach((name, tensor) -> plans.add(new TensorPlan(
                    storedName(plans.size(), name),
                    tensor.type(),
                    tensor.source().shape())));
            try (CheckpointWriter writer = CheckpointWriter.open(directory, plans, Long.MAX_VALUE)) {
                int index = 0;
                for (Altered tensor : tensors.values()) {
                    writer.write(plans.get(index++).name(), scaled(tensor, arena));
                }
                writer.finish();
            }
            return directory;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Writes the model without the last channel of its first layer. */
    static Path writePruned(Model model, HuggingFaceFormat format, Path output) {
        List<Integer> units = new ArrayList<>(model.spec().densePolicy().retained());
        units.set(1, units.get(1) - 1);
        ModelSpec pruned = model.spec().pruned(new Policy(units));
        CheckpointExport.Form settings = new CheckpointExport.Form(format, new WriteSettings(null, Long.MAX_VALUE));
        try (CheckpointExport export = CheckpointExport.begin(model, pruned, output, settings)) {
            for (int layer = 0; layer < pruned.layers().size(); layer++) {
                export.accept(layer, NestedModel.cut(pruned.layers().get(layer), model.layer(layer), Arena.ofAuto()));
            }
            export.finish();
            ReaderCheck.run(export.path());
            export.commit();
        }
        return output;
    }

    private Map<String, Altered> tensors(Checkpoint source) {
        Map<String, Altered> tensors = new TreeMap<>();
        source.names().forEach(name -> put(tensors, name, source.tensor(name), 1));
        golden.path("tensors")
                .properties()
                .forEach(entry -> put(
                        tensors,
                        entry.getKey(),
                        source.tensor(entry.getValue().path("from").asText()),
                        entry.getValue().path("factor").doubleValue()));
        String dropped = golden.path("drop").asText();
        tensors.keySet().removeIf(name -> name.matches(dropped));
        return tensors;
    }

    private void put(Map<String, Altered> tensors, String name, StoredTensor source, double factor) {
        boolean single = name.matches(golden.path("float32").asText());
        tensors.put(name, new Altered(source, factor, single ? DataType.F32 : source.type()));
    }

    private String storedName(int index, String name) {
        return switch (golden.path("prefix").asText()) {
            case "twice" -> PREFIX + name;
            case "without" -> withoutPrefix(name);
            case "mixed" -> index % 2 == 1 ? withoutPrefix(name) : name;
            default -> name;
        };
    }

    private static String withoutPrefix(String name) {
        return name.startsWith(PREFIX) ? name.substring(PREFIX.length()) : name;
    }

    private static Matrix scaled(Altered tensor, Arena arena) {
        Matrix source = tensor.source().matrix();
        Matrix scaled = Matrix.allocate(arena, tensor.type(), source.rows(), source.columns());
        for (int row = 0; row < source.rows(); row++) {
            for (int column = 0; column < source.columns(); column++) {
                scaled.set(row, column, (float) (tensor.factor() * source.get(row, column)));
            }
        }
        return scaled;
    }

    private static void writeJson(Path file, JsonNode contents) {
        try {
            JSON.writeValue(file.toFile(), contents);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public String toString() {
        return golden.path("name").asText();
    }
}
