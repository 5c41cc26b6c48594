package io.fastforward.export;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fastforward.model.Model;
import io.fastforward.plugin.PluginRegistry;
import io.fastforward.report.Progress;
import io.fastforward.run.Compute;
import io.fastforward.run.ExportRun;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import io.fastforward.testing.Backends;
import io.fastforward.testing.DemoModel;
import io.fastforward.testing.Golden;
import io.fastforward.testing.LlamaCpp;
import io.fastforward.testing.RandomLlama;
import io.fastforward.testing.RunningModel;
import io.fastforward.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What llama.cpp makes of the GGUF files that we write: the same tokens, the same logits, the same texts. */
class LlamaCppTest {

    private static final String TEXT = "Once upon a time there was a king who had a brown hat.";
    private static final int TEXTS = 200;
    private static final int GENERATED = 32;

    @TempDir
    private Path directory;

    private ComputeBackend backend;

    @BeforeAll
    static void load(@TempDir Path unpacked) {
        LlamaCpp.assumeItRuns(unpacked);
    }

    @BeforeEach
    void open() {
        backend = Backends.cpu();
    }

    @AfterEach
    void close() {
        backend.close();
    }

    /**
     * llama.cpp rounds what a map sees to the type of its weights: by up to 2⁻¹¹ of a number in half precision, 2⁻⁸ in bfloat16
     * and 1 in 254 of the largest of 32 in Q8_0, which the errors of 14 or more products in a row add up to some times that. Rows of
     * queries in another order, say, are off by 0.5 and more.
     */
    @ParameterizedTest
    @CsvSource({"F32, none, 1e-5", "F16, none, 5e-4", "BF16, none, 1e-2", "F32, q8_0, 3e-2"})
    void theDemoIsTheSame(DataType type, String quantization, double tolerance) {
        LlamaCpp written = export(DemoModel.directory(), type, Map.of("format.quantization", quantization));
        assertThat(difference(DemoModel.directory(), written, TEXT)).isLessThan(tolerance);
        if (type != DataType.BF16 && quantization.equals("none")) {
            assertThat(written.greedy(TEXT, GENERATED)).isEqualTo(greedy(DemoModel.directory(), TEXT));
        }
    }

    @Test
    void byteLevelTokensAreTheSame() {
        assertSameTokens(DemoModel.directory(), export(DemoModel.directory(), DataType.BF16, Map.of()));
    }

    /** The ways to cut a text into words, each with the demo's merges. */
    @ParameterizedTest
    @CsvSource({
        "Llama 3, '\\p{N}{1,3}', true",
        "Llama 3 without whole words, '\\p{N}{1,3}', false",
        "Qwen2, '\\p{N}', false",
        "SmolLM, , false"
    })
    void wordsAreTheSame(String name, @Nullable String numbers, boolean ignoresMerges) throws IOException {
        Path source = plain().write(directory.resolve("source"));
        copyTokenizer(source);
        ObjectMapper json = new ObjectMapper();
        ObjectNode tokenizer =
                (ObjectNode) json.readTree(source.resolve("tokenizer.json").toFile());
        ArrayNode words =
                tokenizer.putObject("pre_tokenizer").put("type", "Sequence").putArray("pretokenizers");
        if (numbers == null) {
            words.addObject().put("type", "Digits").put("individual_digits", true);
        } else {
            words.addObject()
                    .put("type", "Split")
                    .put("behavior", "Isolated")
                    .put("invert", false)
                    .putObject("pattern")
                    .put(
                            "Regex",
                            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|" + numbers
                                    + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+");
        }
        words.addObject()
                .put("type", "ByteLevel")
                .put("add_prefix_space", false)
                .put("trim_offsets", true)
                .put("use_regex", numbers == null);
        ((ObjectNode) tokenizer.path("model")).put("ignore_merges", ignoresMerges);
        json.writeValue(source.resolve("tokenizer.json").toFile(), tokenizer);
        assertSameTokens(source, export(source, null, Map.of()));
    }

    /**
     * As a normaliser, a space is put before every text; as a pre-tokenizer, only where there is none, which llama.cpp, as
     * SentencePiece, does not look at.
     */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void sentencePieceTokensAreTheSame(boolean byNormalizer) throws IOException {
        Path source = plain().write(directory.resolve("source"));
        String text = Files.readString(DemoModel.directory().resolve("validation.txt"))
                .substring(0, 20_000);
        new SentencePieceTokenizer(text, 500).write(source, byNormalizer);
        assertSameTokens(
                source,
                export(source, null, Map.of()),
                VariedTexts.some(TEXTS).stream()
                        .filter(some -> byNormalizer || !(some.startsWith(" ") || some.startsWith("▁")))
                        .toList());
    }

    static Stream<Named<UnaryOperator<RandomLlama>>> shapes() {
        return Stream.of(
                Named.of("grouped", model -> model),
                Named.of("one query head a group", model -> model.with("num_key_value_heads", "6")),
                Named.of("tied", model -> model.with("tie_word_embeddings", "true")),
                Named.of("widths of each layer", LlamaCppTest::widths),
                Named.of(
                        "biases",
                        model -> widthsOfMlps(model).with("mlp_bias", "true").with("attention_bias", "true")),
                Named.of(
                        "equal widths with biases",
                        model -> model.with("mlp_bias", "true").with("attention_bias", "true")),
                Named.of(
                        "Llama 3 scaling",
                        model -> widths(model)
                                .with("rope_theta", "500000.0")
                                .with(
                                        "rope_scaling",
                                        "{\"rope_type\":\"llama3\",\"factor\":8.0,\"low_freq_factor\":1.0,"
                                                + "\"high_freq_factor\":4.0,\"original_max_position_embeddings\":32}")),
                Named.of(
                        "linear scaling",
                        model -> model.with("rope_scaling", "{\"rope_type\":\"linear\",\"factor\":2.5}")),
                Named.of("layer 0 without attention", model -> without(model, 0, 3, 2, 96, 64)),
                Named.of("layer 1 without attention", model -> without(model, 3, 0, 2, 96, 64)),
                Named.of("a layer without MLP", model -> without(model, 3, 2, 1, 0, 64)),
                Named.of("a layer that does nothing", model -> without(model, 3, 0, 2, 0, 64)),
                Named.of(
                        "query heads of each layer",
                        model -> model.with("layer_head_num", "[6, 3, 4]").with("layer_kv_head_num", "[3, 3, 2]")),
                Named.of("Qwen2", LlamaCppTest::qwen2),
                Named.of("Qwen2 with MLPs of each layer", model -> widthsOfMlps(qwen2(model))),
                Named.of(
                        "Mistral",
                        model -> widths(model)
                                .with("model_type", "\"mistral\"")
                                .with("architectures", "[\"MistralForCausalLM\"]")
                                .with("sliding_window", "64")));
    }

    private static RandomLlama plain() {
        return new RandomLlama()
                .with("hidden_size", "96")
                .with("head_dim", "16")
                .with("intermediate_size", "96")
                .with("vocab_size", "1024")
                .with("num_hidden_layers", "3")
                .with("attention_bias", "false")
                .with("mlp_bias", "false");
    }

    /** Biases on queries, keys and values, and none on what follows. */
    private static RandomLlama qwen2(RandomLlama model) {
        for (int layer = 0; layer < 3; layer++) {
            model.withoutTensor("model.layers." + layer + ".self_attn.o_proj.bias");
        }
        return model.with("model_type", "\"qwen2\"")
                .with("architectures", "[\"Qwen2ForCausalLM\"]")
                .with("attention_bias", "true");
    }

    private static RandomLlama widths(RandomLlama model) {
        return model.with("layer_head_num", "[6, 2, 4]")
                .with("layer_kv_head_num", "[3, 1, 2]")
                .with("layer_inter_size", "[96, 35, 64]");
    }

    private static RandomLlama widthsOfMlps(RandomLlama model) {
        return model.with("layer_inter_size", "[96, 35, 64]");
    }

    private static RandomLlama without(RandomLlama model, int first, int second, int third, int channels, int last) {
        return model.with("layer_head_num", Arrays.toString(new int[] {2 * first, 2 * second, 2 * third}))
                .with("layer_kv_head_num", Arrays.toString(new int[] {first, second, third}))
                .with("layer_inter_size", Arrays.toString(new int[] {96, channels, last}));
    }

    /** Everything in single precision, where sums in another order are all that differs. */
    @ParameterizedTest
    @MethodSource("shapes")
    void everyShapeIsTheSame(UnaryOperator<RandomLlama> shape) throws IOException {
        Path source = shape.apply(plain()).write(directory.resolve("source"));
        copyTokenizer(source);
        assertThat(difference(source, export(source, null, Map.of()), TEXT)).isLessThan(1e-5);
    }

    private static void copyTokenizer(Path target) throws IOException {
        for (String name : List.of("tokenizer.json", "tokenizer_config.json")) {
            Files.copy(DemoModel.directory().resolve(name), target.resolve(name));
        }
    }

    private LlamaCpp export(Path source, @Nullable DataType type, Map<String, String> options) {
        Path output = directory.resolve("output");
        ExportRun.execute(
                new ExportRun.Request(
                        source,
                        output,
                        new CheckpointExport.Settings("gguf", type, Long.MAX_VALUE),
                        options,
                        new Compute("cpu", 2, Long.MAX_VALUE)),
                PluginRegistry.load(null),
                Progress.silent());
        return new LlamaCpp(output.resolve("model.gguf"));
    }

    private static void assertSameTokens(Path source, LlamaCpp written) {
        assertSameTokens(source, written, VariedTexts.some(TEXTS));
    }

    private static void assertSameTokens(Path source, LlamaCpp written, List<String> texts) {
        List<int[]> found = written.tokens(texts);
        try (Tokenizer tokenizer = Tokenizer.open(source)) {
            assertThat(IntStream.range(0, texts.size()).boxed())
                    .allSatisfy(i -> assertThat(found.get(i))
                            .as(texts.get(i))
                            .containsExactly(tokenizer.encode(texts.get(i), false)));
        }
    }

    /**
     * The largest difference of logits after a text relative to the largest one. llama.cpp gives the hidden state that the head
     * sees, scaled to length 1, so both are scaled likewise.
     */
    private double difference(Path source, LlamaCpp written, String text) {
        double[] state = written.lastHiddenStates(List.of(text)).getFirst();
        try (Model model = Model.open(source);
                Tokenizer tokenizer = Tokenizer.open(source)) {
            int[] tokens = tokenizer.encode(text, true);
            Matrix head = model.ends().head().head().weight();
            float[] found = new float[head.rows()];
            for (int token = 0; token < head.rows(); token++) {
                double sum = 0;
                for (int i = 0; i < head.columns(); i++) {
                    sum += head.get(token, i) * state[i];
                }
                found[token] = (float) sum;
            }
            float[] all = RunningModel.logitsOf(backend, source, tokens);
            return Golden.relativeDifference(
                    scaled(Arrays.copyOfRange(all, all.length - head.rows(), all.length)), scaled(found));
        }
    }

    private static float[] scaled(float[] vector) {
        double squares = 0;
        for (float number : vector) {
            squares += (double) number * number;
        }
        float[] scaled = vector.clone();
        for (int i = 0; i < scaled.length; i++) {
            scaled[i] = (float) (scaled[i] / Math.sqrt(squares));
        }
        return scaled;
    }

    private String greedy(Path source, String text) {
        try (Model model = Model.open(source);
                RunningModel running = new RunningModel(backend, model);
                Tokenizer tokenizer = Tokenizer.open(source)) {
            int[] tokens = tokenizer.encode(text, true);
            int prompt = tokens.length;
            for (int i = 0; i < GENERATED; i++) {
                int next = Golden.last(running.logits(tokens), model.spec().vocabularySize());
                tokens = Arrays.copyOf(tokens, tokens.length + 1);
                tokens[tokens.length - 1] = next;
            }
            return tokenizer.decode(Arrays.copyOfRange(tokens, prompt, tokens.length), true);
        }
    }
}
