package io.fastforward.export;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fastforward.failure.FailureKind;
import io.fastforward.model.Model;
import io.fastforward.plugin.PluginRegistry;
import io.fastforward.record.PruneResult;
import io.fastforward.report.Progress;
import io.fastforward.run.Compute;
import io.fastforward.run.ExportRun;
import io.fastforward.run.PruneRequest;
import io.fastforward.run.PruneRun;
import io.fastforward.settings.PruneSettings;
import io.fastforward.settings.Recipe;
import io.fastforward.testing.Failures;
import io.fastforward.testing.Golden;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The tiny model of a family, with a tokenizer, and a text to prune it on by a recipe as the command does it.
 *
 * @param directory holds model and text, and gets the records of runs
 */
record RecipeRun(Path directory) {

    /** Fewer tokens than any of the tiny models. */
    private static final Path TOKENIZER = Path.of("src/test/resources/tokenizer/kinds/word_level.json");

    private static final int WORDS = 2_000;

    /** A fraction of a second each: windows are few and short, and a search has one batch. */
    private static final String SETTINGS = """
            {
              "windows": {
                "length": 16, "scoring": 8, "repair": 16, "reward": 1, "finalists": 1, "evaluation": 4
              },
              "budget": {"sparsity": 0.3},
              "search": {"episodes": 15}
            }
            """;

    private static final Compute COMPUTE = new Compute("cpu", 2, 1L << 30);
    private static final PluginRegistry PLUGINS = PluginRegistry.load(null);
    private static final ObjectMapper JSON = new ObjectMapper();

    /** Writes model and text into an empty directory. */
    static RecipeRun in(Path directory, String family) throws IOException {
        RecipeRun run = new RecipeRun(directory);
        Files.createDirectories(run.model());
        for (String name : List.of("config.json", "model.safetensors")) {
            Files.copy(Golden.path(family).resolve(name), run.model().resolve(name));
        }
        addTokenizer(run.model());
        List<String> words = new ArrayList<>();
        JSON.readTree(TOKENIZER.toFile()).at("/model/vocab").fieldNames().forEachRemaining(words::add);
        words.remove("<unk>");
        SplittableRandom random = new SplittableRandom(23);
        Files.writeString(
                run.text(),
                Stream.generate(() -> words.get(random.nextInt(words.size())))
                        .limit(WORDS)
                        .collect(Collectors.joining(" ")));
        return run;
    }

    /** Puts a tokenizer beside the weights. */
    static void addTokenizer(Path checkpoint) throws IOException {
        Files.copy(TOKENIZER, checkpoint.resolve("tokenizer.json"));
        Files.writeString(
                checkpoint.resolve("tokenizer_config.json"), "{\"tokenizer_class\":\"PreTrainedTokenizerFast\"}");
    }

    /** From scores to what is written. */
    PruneResult prune(Recipe recipe, Path output) throws IOException {
        PruneSettings settings =
                recipe.applyTo(PruneSettings.DEFAULT).with((ObjectNode) JSON.readTree(SETTINGS), "this test");
        PruneRequest.Files files = new PruneRequest.Files(
                model(),
                text(),
                Optional.empty(),
                Optional.empty(),
                1,
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
        PruneRequest request = new PruneRequest(
                settings, files, output, true, directory.resolve(recipe.name() + "-run"), false, false, COMPUTE);
        return new PruneRun(request, PLUGINS, Progress.silent()).execute();
    }

    /** Writes a pruned model with its widths from before; whether it can be: the family's class ignores added biases. */
    static boolean pad(Path pruned, Path output) {
        ExportRun.Request request = new ExportRun.Request(
                pruned, output, new CheckpointExport.Settings("hf-padded", null, Long.MAX_VALUE), Map.of(), COMPUTE);
        if (hasAddedBiases(pruned)) {
            Failures.expect(
                    FailureKind.UNSUPPORTED_MODEL,
                    () -> ExportRun.execute(request, PLUGINS, Progress.silent()),
                    "biases",
                    "use the format hf");
            return false;
        }
        ExportRun.execute(request, PLUGINS, Progress.silent());
        return true;
    }

    private static boolean hasAddedBiases(Path pruned) {
        try (Model model = Model.open(pruned)) {
            return Model.hasAddedBiases(model.spec());
        }
    }

    private Path model() {
        return directory.resolve("model");
    }

    private Path text() {
        return directory.resolve("text.txt");
    }
}
