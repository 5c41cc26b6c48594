package io.fastforward.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fastforward.model.Model;
import io.fastforward.record.PruneResult;
import io.fastforward.settings.Recipe;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.model.AttentionUnit;
import io.fastforward.testing.Backends;
import io.fastforward.testing.Golden;
import io.fastforward.testing.RunningModel;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What we write, loaded by transformers itself, with its own attention and its own generation. Runs where the
 * environment variable FASTFORWARD_PYTHON names a Python that has torch and transformers.
 */
class TransformersIT {

    private static final String VARIABLE = "FASTFORWARD_PYTHON";
    private static final Path CHECK = Path.of("../scripts/golden/check_export.py");

    private static final int[] PROMPT = {5, 17, 3, 42, 8, 8, 29, 11, 1, 60, 33, 2};

    @ParameterizedTest
    @MethodSource("io.fastforward.export.GoldenPruning#prunings")
    void loadsAndComputesTheSame(String family, AttentionUnit unit, @TempDir Path directory)
            throws IOException, InterruptedException {
        requirePython();
        Path pruned = directory.resolve("pruned");
        Path padded = directory.resolve("padded");
        Path generation = directory.resolve("generation.json");
        try (ComputeBackend backend = Backends.cpu();
                Model model = Model.open(Golden.path(family))) {
            GoldenPruning pruning = GoldenPruning.of(backend, model, family, unit);
            pruning.write(backend, HuggingFaceFormat.REAL_WIDTHS, pruned);
            pruning.write(backend, HuggingFaceFormat.PADDED, padded);
        }
        List<String> options = switch (unit) {
            case KV_GROUP ->
                List.of(
                        "--generation",
                        Golden.path(family).resolve("generation.json").toString());
            case QUERY_HEAD -> List.of("--unit", "queryHeads");
            case VALUE_CHANNEL -> {
                // The cache has values of another width than keys.
                Files.writeString(generation, Golden.generation(PROMPT, generated(pruned)));
                yield List.of("--unit", "valueChannels", "--generation", generation.toString());
            }
        };
        check(pruned, padded, Golden.path(family).resolve("pruned.json"), options);
    }

    /** Without whole modules, and with the key/value cache: what transformers computes and generates is what is here. */
    @ParameterizedTest
    @MethodSource("io.fastforward.testing.Golden#families")
    void loadsAModelWithoutWholeModules(String family, @TempDir Path directory)
            throws IOException, InterruptedException {
        requirePython();
        Path written = directory.resolve(family);
        try (ComputeBackend backend = Backends.cpu();
                Model model = Model.open(Golden.path(family))) {
            WholeModulesTest.write(backend, model, HuggingFaceFormat.REAL_WIDTHS, written.resolve("pruned"));
        }
        RecipeRun.addTokenizer(written.resolve("pruned"));
        expectOurs(written);
        run(List.of("--variants", directory.toString()), 1);
    }

    /** With biases on output maps that had none. */
    @ParameterizedTest
    @MethodSource("io.fastforward.testing.Golden#families")
    void loadsAModelWithAddedBiases(String family, @TempDir Path directory) throws IOException, InterruptedException {
        requirePython();
        Path written = directory.resolve(family);
        try (ComputeBackend backend = Backends.cpu();
                Model model = Model.open(Golden.path(family))) {
            AddedBiasesTest.write(
                    backend,
                    model,
                    AddedBiasesTest.policy(model.spec()),
                    HuggingFaceFormat.REAL_WIDTHS,
                    written.resolve("pruned"));
        }
        RecipeRun.addTokenizer(written.resolve("pruned"));
        expectOurs(written);
        run(List.of("--variants", directory.toString()), 1);
    }

    static Stream<String> recipes() {
        return Recipe.builtIn().stream().map(Recipe::name);
    }

    /** Every family, pruned by a recipe as a whole run does it; also padded, unless the recipe adds biases. */
    @ParameterizedTest
    @MethodSource("recipes")
    void loadsWhatARecipeMakes(String recipe, @TempDir Path directory) throws IOException, InterruptedException {
        requirePython();
        Path variants = directory.resolve("variants");
        int checkpoints = 0;
        for (String family : Golden.families().toList()) {
            Path pruned = variants.resolve(family).resolve("pruned");
            PruneResult result = RecipeRun.in(directory.resolve(family), family).prune(Recipe.find(recipe), pruned);
            assertThat(result.sparsity()).as(family).isBetween(0.3, 0.4);
            boolean isPadded = RecipeRun.pad(pruned, variants.resolve(family).resolve("padded"));
            checkpoints += isPadded ? 2 : 1;
            expectOurs(variants.resolve(family));
        }
        run(List.of("--variants", variants.toString()), checkpoints);
    }

    /** What comes of checkpoints as they occur; in one process, since starting it takes longer than the checks. */
    @Test
    void loadsWhateverTheSourceWasLike(@TempDir Path directory) throws IOException, InterruptedException {
        requirePython();
        Path variants = directory.resolve("variants");
        for (GoldenVariant variant : GoldenVariant.all().toList()) {
            Path written = variants.resolve(variant.toString());
            try (Model model = Model.open(variant.write(directory.resolve("sources/" + variant)))) {
                GoldenVariant.writePruned(model, HuggingFaceFormat.REAL_WIDTHS, written.resolve("pruned"));
                GoldenVariant.writePruned(model, HuggingFaceFormat.PADDED, written.resolve("padded"));
            }
            variant.writeExpected(written.resolve("expected.json"));
            RecipeRun.addTokenizer(written.resolve("pruned"));
            RecipeRun.addTokenizer(written.resolve("padded"));
        }
        run(
                List.of("--variants", variants.toString()),
                2 * (int) GoldenVariant.all().count());
    }

    private static void requirePython() {
        assumeTrue(System.getenv(VARIABLE) != null, VARIABLE + " is not set: transformers itself was not tried");
    }

    private static void check(Path pruned, Path padded, Path expected, List<String> options)
            throws IOException, InterruptedException {
        RecipeRun.addTokenizer(pruned);
        RecipeRun.addTokenizer(padded);
        List<String> arguments = new ArrayList<>(
                List.of(pruned.toString(), "--padded", padded.toString(), "--expected", expected.toString()));
        arguments.addAll(options);
        run(arguments, 2);
    }

    /** What is to be computed and generated by transformers is what is here. */
    private static void expectOurs(Path written) throws IOException {
        Path pruned = written.resolve("pruned");
        try (ComputeBackend backend = Backends.cpu()) {
            float[] logits = RunningModel.logitsOf(backend, pruned, PROMPT);
            Files.writeString(written.resolve("expected.json"), Golden.sequences(PROMPT, logits));
        }
        Files.writeString(written.resolve("generation.json"), Golden.generation(PROMPT, generated(pruned)));
    }

    /** What a written model generates here, each token from all those before it. */
    private static int[] generated(Path checkpoint) {
        try (ComputeBackend backend = Backends.cpu();
                Model model = Model.open(checkpoint);
                RunningModel running = new RunningModel(backend, model)) {
            int[] generated = new int[20];
            int[] read = PROMPT;
            for (int i = 0; i < generated.length; i++) {
                generated[i] = Golden.last(running.logits(read), model.spec().vocabularySize());
                read = Arrays.copyOf(read, read.length + 1);
                read[read.length - 1] = generated[i];
            }
            return generated;
        }
    }

    private static void run(List<String> arguments, int checkpoints) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(System.getenv(VARIABLE), CHECK.toString()));
        command.addAll(arguments);
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        // With two implementations of attention; and config and tokenizer without running our code.
        assertThat(output.lines().filter(line -> line.startsWith("ok") && line.contains("logits")))
                .as(output)
                .hasSize(2 * checkpoints);
        assertThat(output.lines().filter(line -> line.startsWith("ok") && line.contains("without our code")))
                .as(output)
                .hasSize(2 * checkpoints);
    }
}
