package io.fastforward.settings;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.failure.FailureKind;
import io.fastforward.json.StrictJson;
import io.fastforward.testing.Failures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RecipeTest {

    @TempDir
    private Path directory;

    @Test
    void theDefaultIsWhatHoldsAnyway() {
        assertThat(Recipe.find(Recipe.DEFAULT).applyTo(PruneSettings.DEFAULT)).isEqualTo(PruneSettings.DEFAULT);
    }

    @Test
    void everyOtherOneDiffersInMoreThanItsName() {
        Recipe.builtIn().stream()
                .filter(recipe -> !recipe.name().equals(Recipe.DEFAULT))
                .forEach(recipe -> {
                    PruneSettings settings = recipe.applyTo(PruneSettings.DEFAULT);
                    assertThat(settings.recipe()).isEqualTo(recipe.name());
                    assertThat(settings.plugins()).isNotEqualTo(PluginSettings.DEFAULT);
                });
    }

    @Test
    void settingsThatARecipeDoesNotNameStay() {
        PruneSettings base =
                PruneSettings.DEFAULT.with(StrictJson.MAPPER.createObjectNode().put("seed", 7), "a test");
        PruneSettings settings = Recipe.find("wanda-sp").applyTo(base);
        assertThat(settings.seed()).isEqualTo(7);
        assertThat(settings.plugins().calibrator()).isEqualTo("none");
    }

    @Test
    void whatIsPrintedIsARecipeOfOnesOwn() throws IOException {
        Recipe fasp = Recipe.find("fasp");
        Path file = Files.writeString(
                directory.resolve("mine.json"), StrictJson.pretty(fasp).replace("\"fasp\"", "\"mine\""));
        Recipe mine = Recipe.find(file.toString());
        assertThat(mine.name()).isEqualTo("mine");
        assertThat(mine.settings()).isEqualTo(fasp.settings());
    }

    @Test
    void unknownNamesAreRefused() {
        Failures.expect(FailureKind.USAGE, () -> Recipe.find("fosp"), "fosp", "fasp", ".json");
        Failures.expect(
                FailureKind.NOT_FOUND,
                () -> Recipe.find(directory.resolve("none.json").toString()),
                "none.json");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{} | name",
                "[] | none",
                "{\"name\": \"My Recipe\", \"summary\": \"\", \"source\": \"\", \"settings\": {}} | My Recipe",
                "{\"name\": \"x\", \"summary\": \"\", \"source\": \"\", \"settings\": {\"window\": 1}} | window",
                "{\"name\": \"x\", \"summary\": \"\", \"source\": \"\", \"settings\": {}, \"more\": 1} | more",
                "{\"name\": \"x\", \"summary\": \"\", \"source\": \"\", \"settings\": {\"budget\": {\"sparsity\": 2}}} | sparsity"
            })
    void brokenFilesAreRefused(String contents, String word) throws IOException {
        Path file = Files.writeString(directory.resolve("broken.json"), contents);
        Failures.expect(FailureKind.USAGE, () -> Recipe.find(file.toString()), word);
    }
}
