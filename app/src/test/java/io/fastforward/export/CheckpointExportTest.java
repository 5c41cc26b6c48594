package io.fastforward.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import io.fastforward.checkpoint.AtomicFile;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.model.Model;
import io.fastforward.nested.NestedModel;
import io.fastforward.nested.NestedOrder;
import io.fastforward.prune.CalibrationTarget;
import io.fastforward.prune.CollectedLayers;
import io.fastforward.prune.LogitProbe;
import io.fastforward.prune.PrunedLayerSink;
import io.fastforward.prune.PruningPass;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.format.ModelFormat;
import io.fastforward.spi.format.ModelSource;
import io.fastforward.spi.format.ModelWriter;
import io.fastforward.spi.format.WriteSettings;
import io.fastforward.spi.model.LayerWeights;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import io.fastforward.testing.Backends;
import io.fastforward.testing.DefaultPlugins;
import io.fastforward.testing.Failures;
import io.fastforward.testing.Golden;
import io.fastforward.testing.RandomLlama;
import io.fastforward.testing.RunningModel;
import io.fastforward.tokenizer.TokenWindows;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class CheckpointExportTest {

    private static final String MODELLING = "modeling_fastforward_llama.py";

    private static final Policy SMALL = new Policy(List.of(2, 7, 1, 6));
    private static final long ONE_FILE = Long.MAX_VALUE;

    private final ComputeBackend backend = Backends.cpu();

    @AfterAll
    void close() {
        backend.close();
    }

    @ParameterizedTest
    @EnumSource(DataType.class)
    void whatWasWrittenIsWhatWasInMemory(DataType stored, @TempDir Path directory) {
        Path output = directory.resolve("pruned");
        try (Model model = Model.open(new RandomLlama().stored(stored).write(directory.resolve("dense")))) {
            float[] written = export(model, SMALL, output, null, ONE_FILE);
            try (CollectedLayers layers = new CollectedLayers()) {
                pass(model, SMALL, null).run(windows(model), layers, done -> {});
                try (RunningModel pruned =
                        new RunningModel(backend, model, model.spec().pruned(SMALL), layers)) {
                    assertThat(pruned.logits(probe(model).tokens())).isEqualTo(written);
                }
            }
        }
        try (Model pruned = Model.open(output)) {
            assertThat(pruned.spec().densePolicy()).isEqualTo(SMALL);
            assertThat(pruned.spec().decoderParameters())
                    .isLessThan(pruned.unprunedSpec().decoderParameters());
            assertThat(pruned.tensors())
                    .allSatisfy(tensor -> assertThat(tensor.matrix().type()).isEqualTo(stored));
            JsonNode config = pruned.checkpoint().config();
            assertThat(config.path("model_type").asText()).isEqualTo("fastforward_llama");
            assertThat(config.path("head_dim").intValue()).isEqualTo(4);
            assertThat(Golden.ints(config.path("layer_head_num"))).containsExactly(4, 2);
            assertThat(Golden.ints(config.path("layer_kv_head_num"))).containsExactly(2, 1);
            assertThat(Golden.ints(config.path("layer_inter_size"))).containsExactly(7, 6);
        }
    }

    @ParameterizedTest
    @CsvSource({"BF16, bfloat16", "F16, float16", "F32, float32"})
    void allTensorsTakeTheDataTypeThatIsAskedFor(DataType type, String name, @TempDir Path directory) {
        Path output = directory.resolve("pruned");
        RandomLlama llama = new RandomLlama().with("torch_dtype", "\"float32\"");
        try (Model model = Model.open(llama.write(directory.resolve("dense")))) {
            export(model, SMALL, output, type, ONE_FILE);
        }
        try (Model pruned = Model.open(output)) {
            assertThat(pruned.tensors())
                    .allSatisfy(tensor -> assertThat(tensor.matrix().type()).isEqualTo(type));
            assertThat(pruned.checkpoint().config().path("torch_dtype").asText())
                    .isEqualTo(name);
            assertThat(pruned.checkpoint().config().has("dtype")).isFalse();
        }
    }

    /** transformers 5 takes dtype where both are there, earlier versions know torch_dtype alone; all read the latter. */
    @ParameterizedTest
    @CsvSource({"float32, absent", "absent, float32", "float32, float32", "bfloat16, float16"})
    void theDataTypeIsNamedOnce(String newKey, String oldKey, @TempDir Path directory) {
        RandomLlama llama = new RandomLlama();
        if (!newKey.equals("absent")) {
            llama.with("dtype", '"' + newKey + '"');
        }
        if (!oldKey.equals("absent")) {
            llama.with("torch_dtype", '"' + oldKey + '"');
        }
        Path asked = directory.resolve("asked");
        Path kept = directory.resolve("kept");
        try (Model model = Model.open(llama.write(directory.resolve("dense")))) {
            export(model, SMALL, asked, DataType.BF16, ONE_FILE);
            export(model, SMALL, kept, null, ONE_FILE);
        }
        requireNamed(asked, "bfloat16");
        requireNamed(kept, "float32");
    }

    private static void requireNamed(Path checkpoint, String dataType) {
        try (Model model = Model.open(checkpoint)) {
            JsonNode config = model.checkpoint().config();
            assertThat(config.path("torch_dtype").asText()).isEqualTo(dataType);
            assertThat(config.has("dtype")).isFalse();
        }
    }

    @Test
    void weightsAreSplitIntoFiles(@TempDir Path directory) throws IOException {
        Path one = directory.resolve("one");
        Path many = directory.resolve("many");
        try (Model model = Model.open(new RandomLlama().write(directory.resolve("dense")))) {
            assertThat(export(model, SMALL, many, null, 2000)).isEqualTo(export(model, SMALL, one, null, ONE_FILE));
            assertThat(names(one)).containsExactly("config.json", "model.safetensors", MODELLING);
            assertThat(names(many))
                    .contains("model.safetensors.index.json", "model-00001-of-00005.safetensors")
                    .doesNotContain("model.safetensors");
            try (Model pruned = Model.open(many)) {
                assertThat(written(null, ONE_FILE)
                                .weightBytes(model, model.spec().pruned(SMALL)))
                        .isEqualTo(pruned.checkpoint().parameterBytes());
                assertThat(written(DataType.F16, ONE_FILE)
                                .weightBytes(model, model.spec().pruned(SMALL)))
                        .isEqualTo(pruned.checkpoint().parameterBytes() / 2);
            }
        }
    }

    @Test
    void filesBesideTheWeightsAreCarriedOver(@TempDir Path directory) throws IOException {
        Path dense = new RandomLlama().write(directory.resolve("dense"));
        Files.createDirectory(dense.resolve("additional_chat_templates"));
        for (String name : List.of(
                "added_tokens.json",
                "additional_chat_templates/rag.jinja",
                "tokenizer.json",
                "tokenizer_config.json",
                "generation_config.json",
                "vocab.json",
                "LICENSE")) {
            Files.writeString(dense.resolve(name), "contents of " + name);
        }
        Files.writeString(dense.resolve("README.md"), "about another model");
        Files.writeString(dense.resolve(MODELLING), "of another version");
        Path output = directory.resolve("pruned");
        try (Model model = Model.open(dense)) {
            export(model, SMALL, output, null, ONE_FILE);
        }
        assertThat(names(output))
                .containsExactly(
                        "LICENSE",
                        "added_tokens.json",
                        "additional_chat_templates",
                        "config.json",
                        "generation_config.json",
                        "model.safetensors",
                        MODELLING,
                        "tokenizer.json",
                        "tokenizer_config.json",
                        "vocab.json");
        assertThat(output.resolve("tokenizer.json")).hasContent("contents of tokenizer.json");
        assertThat(output.resolve("additional_chat_templates/rag.jinja"))
                .hasContent("contents of additional_chat_templates/rag.jinja");
        assertThat(Files.readString(output.resolve(MODELLING))).contains("class FastForwardLlamaForCausalLM");
    }

    @Test
    void aTokenizerThatIsDeletedMeanwhileIsMissed(@TempDir Path directory) throws IOException {
        Path dense = new RandomLlama().write(directory.resolve("dense"));
        Path tokenizer = Files.writeString(dense.resolve("tokenizer.json"), "{}");
        Path output = directory.resolve("pruned");
        try (Model model = Model.open(dense)) {
            Files.delete(tokenizer);
            Failures.expect(
                    FailureKind.NOT_FOUND,
                    () -> export(model, SMALL, output, null, ONE_FILE),
                    "tokenizer.json' is gone since the model was opened");
        }
        assertThat(names(directory)).containsExactly("dense");
    }

    @Test
    void aPrunedModelCanBePrunedAgain(@TempDir Path directory) {
        Path once = directory.resolve("once");
        Path twice = directory.resolve("twice");
        Policy smaller = new Policy(List.of(1, 7, 1, 2));
        try (Model model = Model.open(new RandomLlama().write(directory.resolve("dense")))) {
            export(model, SMALL, once, null, ONE_FILE);
        }
        try (Model model = Model.open(once)) {
            float[] logits = export(model, smaller, twice, null, ONE_FILE);
            assertThat(RunningModel.logitsOf(backend, twice, probe(model).tokens()))
                    .isEqualTo(logits);
        }
        try (Model pruned = Model.open(twice)) {
            assertThat(pruned.spec().densePolicy()).isEqualTo(smaller);
            assertThat(pruned.unprunedSpec().densePolicy()).isEqualTo(new Policy(List.of(3, 10, 3, 10)));
            assertThat(pruned.checkpoint().config().path("model_type").asText()).isEqualTo("fastforward_llama");
        }
    }

    /** transformers 4.57 fills an embedding that is stored as the head alone with noise. */
    @ParameterizedTest
    @CsvSource({
        "model.embed_tokens.weight, lm_head.weight",
        "lm_head.weight, model.embed_tokens.weight",
    })
    void tiedEmbeddingsAreWrittenAsTheEmbedding(String stored, String other, @TempDir Path directory) {
        Path output = directory.resolve("pruned");
        RandomLlama llama = new RandomLlama()
                .with("tie_word_embeddings", "true")
                .extraTensor(stored, 20, 12)
                .withoutTensor(other);
        try (Model model = Model.open(llama.write(directory.resolve("dense")))) {
            export(model, SMALL, output, DataType.BF16, ONE_FILE);
        }
        try (Model pruned = Model.open(output)) {
            assertThat(pruned.spec().tiedEmbeddings()).isTrue();
            assertThat(pruned.checkpoint().names())
                    .contains("model.embed_tokens.weight")
                    .doesNotContain("lm_head.weight");
        }
    }

    /** The written config says what the weights are. */
    @ParameterizedTest
    @EnumSource(HuggingFaceFormat.class)
    void aHeadThatDiffersFromTheEmbeddingStays(HuggingFaceFormat format, @TempDir Path directory) {
        Path output = directory.resolve("pruned");
        RandomLlama llama =
                new RandomLlama().with("tie_word_embeddings", "true").extraTensor("lm_head.weight", 20, 12);
        try (Model model = Model.open(llama.write(directory.resolve("dense")))) {
            float[] logits =
                    export(model, SMALL, output, new CheckpointExport.Form(format, new WriteSettings(null, ONE_FILE)));
            assertThat(Golden.relativeDifference(
                            logits,
                            RunningModel.logitsOf(backend, output, probe(model).tokens())))
                    .isLessThan(1e-5);
            try (Model written = Model.open(output)) {
                assertThat(written.spec().tiedEmbeddings()).isFalse();
                assertThat(written.checkpoint()
                                .config()
                                .path("tie_word_embeddings")
                                .isBoolean())
                        .isTrue();
                assertThat(written.remarks()).isEmpty();
                assertThat(Golden.elements(written.ends().head().head().weight()))
                        .isEqualTo(Golden.elements(model.ends().head().head().weight()))
                        .isNotEqualTo(Golden.elements(written.ends().embedding()));
            }
        }
    }

    /** Without the base model's prefix and with what nobody reads; what is written is as if it had never been so. */
    @ParameterizedTest
    @EnumSource(HuggingFaceFormat.class)
    void namesAreProperInWhatIsWritten(HuggingFaceFormat format, @TempDir Path directory) throws IOException {
        CheckpointExport.Form form = new CheckpointExport.Form(format, new WriteSettings(null, ONE_FILE));
        RandomLlama renamed = new RandomLlama()
                .renamed("model.norm.weight", "norm.weight")
                .renamed("model.layers.0.mlp.up_proj.weight", "model.model.layers.0.mlp.up_proj.weight")
                .extraTensor("model.layers.0.self_attn.rotary_emb.cos_cached", 3)
                .extraTensor("model.layers.5.mlp.up_proj.weight", 2, 2);
        try (Model model = Model.open(new RandomLlama().write(directory.resolve("dense")))) {
            export(model, SMALL, directory.resolve("expected"), form);
        }
        try (Model model = Model.open(renamed.write(directory.resolve("renamed")))) {
            export(model, SMALL, directory.resolve("written"), form);
        }
        assertThat(directory.resolve("written/config.json"))
                .hasSameTextualContentAs(directory.resolve("expected/config.json"));
        try (Model expected = Model.open(directory.resolve("expected"));
                Model written = Model.open(directory.resolve("written"))) {
            assertThat(written.checkpoint().names())
                    .isEqualTo(expected.checkpoint().names());
        }
    }

    @ParameterizedTest
    @CsvSource({"model.norm.weight", "model.layers.0.mlp.down_proj.weight", "model.embed_tokens.weight"})
    void damageOnDiskIsFound(String tensor, @TempDir Path directory) throws IOException {
        Path output = directory.resolve("pruned");
        try (Model model = Model.open(new RandomLlama().write(directory.resolve("dense")));
                CheckpointExport export =
                        CheckpointExport.begin(model, model.spec().pruned(SMALL), output, written(null, ONE_FILE));
                LogitProbe probe =
                        new LogitProbe(backend, model, model.spec().pruned(SMALL), null, List.of(probe(model)));
                Arena arena = Arena.ofShared()) {
            pass(model, SMALL, null).run(windows(model), PrunedLayerSink.all(List.of(export, probe)), done -> {});
            export.finish();
            Matrix logits = probe.logits(arena);
            assertThat(ReloadCheck.run(HuggingFaceFormat.REAL_WIDTHS, backend, export.path(), probe(model), logits))
                    .isZero();
            flipSigns(export.path(), tensor);
            Failures.expect(
                    FailureKind.VERIFICATION,
                    () -> ReloadCheck.run(HuggingFaceFormat.REAL_WIDTHS, backend, export.path(), probe(model), logits),
                    "does not read back",
                    "1.0E-4");
        }
        assertThat(names(directory)).containsExactly("dense");
    }

    @Test
    void logitsThatAreNotFiniteAreNotBlamedOnTheDisk(@TempDir Path directory) {
        Path written = new RandomLlama().write(directory);
        try (Model model = Model.open(written);
                Arena arena = Arena.ofShared()) {
            TokenWindows window = probe(model);
            Matrix logits = Matrix.allocate(arena, DataType.F32, window.length(), 20);
            logits.set(0, 0, Float.NaN);
            Failure failure = catchThrowableOfType(
                    Failure.class,
                    () -> ReloadCheck.run(HuggingFaceFormat.REAL_WIDTHS, backend, written, window, logits));
            assertThat(failure.kind()).isEqualTo(FailureKind.NOT_FINITE);
            assertThat(failure).hasMessageContaining("not finite").message().doesNotContain("disk");
        }
    }

    /** Neither before the first layer nor after the last does anything appear under the name of the output. */
    @Test
    void withoutCommitNothingStays(@TempDir Path directory) throws IOException {
        Path output = directory.resolve("pruned");
        try (Model model = Model.open(new RandomLlama().write(directory.resolve("dense")))) {
            for (boolean finish : new boolean[] {false, true}) {
                try (CheckpointExport export =
                        CheckpointExport.begin(model, model.spec().pruned(SMALL), output, written(null, ONE_FILE))) {
                    assertThat(export.path()).isDirectory();
                    if (finish) {
                        pass(model, SMALL, null).run(windows(model), export, done -> {});
                        export.finish();
                        assertThat(export.path().resolve("model.safetensors")).exists();
                    }
                    assertThat(output).doesNotExist();
                }
                assertThat(names(directory)).containsExactly("dense");
            }
        }
    }

    @Test
    void anExportThatCannotBeginLeavesNothing(@TempDir Path directory) throws IOException {
        Path dense = new RandomLlama().write(directory.resolve("dense"));
        try (Model model = Model.open(dense)) {
            Failures.expect(
                    FailureKind.OUTPUT_NOT_EMPTY,
                    () -> CheckpointExport.begin(model, model.spec().pruned(SMALL), dense, written(null, ONE_FILE))
                            .close(),
                    dense.toString());
        }
        assertThat(names(directory)).containsExactly("dense");
        assertThat(names(dense)).containsExactly("config.json", "model.safetensors");
    }

    /** Writes one file, and holds only what was never pruned. */
    private record LayerCount(StringBuilder seen) implements ModelFormat {

        @Override
        public Optional<String> refusal(ModelSpec unpruned, ModelSpec model) {
            return model.equals(unpruned) ? Optional.empty() : Optional.of("it knows one width; leave it whole");
        }

        @Override
        public long weightBytes(ModelSource source, ModelSpec model, WriteSettings settings) {
            return 1;
        }

        @Override
        public ModelWriter begin(ModelSource source, ModelSpec model, WriteSettings settings, Path target) {
            seen.append(source.config(model, null).contains("\"model_type\" : \"llama\""))
                    .append(source.endTensors().keySet());
            return new ModelWriter() {
                @Override
                public void layer(int layer, LayerWeights weights) {
                    seen.append(' ').append(layer);
                }

                @Override
                public void finish() {
                    AtomicFile.write(
                            target.resolve("layers.txt"), seen.toString().getBytes(StandardCharsets.UTF_8));
                }

                @Override
                public void close() {}
            };
        }
    }

    @Test
    void anotherFormatWritesWhatItLikesAndRefusesWhatItCannotHold(@TempDir Path directory) throws IOException {
        Path output = directory.resolve("output");
        CheckpointExport.Form form =
                new CheckpointExport.Form(new LayerCount(new StringBuilder()), new WriteSettings(null, ONE_FILE));
        try (Model model = Model.open(new RandomLlama().write(directory.resolve("dense")))) {
            Failures.expect(
                    FailureKind.UNSUPPORTED_MODEL,
                    () -> CheckpointExport.begin(model, model.spec().pruned(SMALL), output, form)
                            .close(),
                    "dense",
                    "it knows one width");
            assertThat(output).doesNotExist();

            try (CheckpointExport export = CheckpointExport.begin(model, model.spec(), output, form)) {
                for (int layer = 0; layer < model.spec().layers().size(); layer++) {
                    export.accept(layer, model.layer(layer));
                }
                export.finish();
                Matrix logits = Matrix.allocate(Arena.global(), DataType.F32, 1, 1);
                assertThat(ReloadCheck.run(form.format(), backend, export.path(), probe(model), logits))
                        .isNaN();
                export.commit();
            }
            assertThat(names(output)).containsExactly("layers.txt");
            assertThat(output.resolve("layers.txt")).hasContent("true[model.embed_tokens.weight, lm_head.weight] 0 1");
        }
    }

    /** Prunes, writes, checks and commits; the logits of the model in memory. */
    private float[] export(Model model, Policy policy, Path output, @Nullable DataType type, long shardBytes) {
        return export(model, policy, output, written(type, shardBytes));
    }

    private float[] export(Model model, Policy policy, Path output, CheckpointExport.Form form) {
        ModelSpec pruned = model.spec().pruned(policy);
        DataType type = form.settings().dataType();
        try (CheckpointExport export = CheckpointExport.begin(model, pruned, output, form);
                LogitProbe probe = new LogitProbe(backend, model, pruned, type, List.of(probe(model)));
                Arena arena = Arena.ofShared()) {
            pass(model, policy, type).run(windows(model), PrunedLayerSink.all(List.of(export, probe)), done -> {});
            export.finish();
            Matrix logits = probe.logits(arena);
            // The same numbers go through the same operations: there is no difference at all, unless zeros are added.
            assertThat(ReloadCheck.run(form.format(), backend, export.path(), probe(model), logits))
                    .isLessThanOrEqualTo(form.format() == HuggingFaceFormat.REAL_WIDTHS ? 0 : 1e-5);
            export.commit();
            return Golden.elements(logits);
        }
    }

    private PruningPass pass(Model model, Policy policy, @Nullable DataType type) {
        List<double[]> scores = new ArrayList<>();
        model.spec().modules().forEach(module -> {
            double[] values = new double[module.units()];
            for (int i = 0; i < values.length; i++) {
                values[i] = i * 7 % values.length; // some order that is not the stored one
            }
            scores.add(values);
        });
        PruningPass.Repair ridge =
                new PruningPass.Repair(DefaultPlugins.calibrator("ridge"), CalibrationTarget.PREFIX, type);
        return new PruningPass(
                backend,
                Backends.linearAlgebra(),
                model.ends(),
                new NestedModel(model.spec(), model, NestedOrder.byDescendingScore(model.spec(), scores)),
                policy,
                ridge);
    }

    private static CheckpointExport.Form written(@Nullable DataType type, long shardBytes) {
        return new CheckpointExport.Form(HuggingFaceFormat.REAL_WIDTHS, new WriteSettings(type, shardBytes));
    }

    private static TokenWindows windows(Model model) {
        return RunningModel.randomWindows(model.spec(), 16, 20, 1);
    }

    private static TokenWindows probe(Model model) {
        return RunningModel.randomWindows(model.spec(), 24, 1, 2);
    }

    private static void flipSigns(Path directory, String tensor) throws IOException {
        Path file = directory.resolve("model.safetensors");
        byte[] bytes = Files.readAllBytes(file);
        String header = new String(bytes, StandardCharsets.ISO_8859_1);
        String offsets = header.substring(header.indexOf("\"data_offsets\":[", header.indexOf('"' + tensor + '"')));
        String[] range = offsets.substring(offsets.indexOf('[') + 1, offsets.indexOf(']'))
                .split(",", -1);
        int data = 8 + ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt();
        for (int i = data + Integer.parseInt(range[0]); i < data + Integer.parseInt(range[1]); i += Float.BYTES) {
            bytes[i + 3] ^= (byte) 0x80;
        }
        Files.write(file, bytes);
    }

    private static List<String> names(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> String.valueOf(file.getFileName()))
                    .sorted()
                    .toList();
        }
    }
}
