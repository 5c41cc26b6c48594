package io.fastforward.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import io.fastforward.report.VariantTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SortedMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModelCardTest {

    private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());

    @TempDir
    private static Path shared;

    @TempDir
    private Path directory;

    private static TinyRun run;
    private static SortedMap<String, byte[]> finished;

    @BeforeAll
    static void pruneOnce() throws IOException {
        run = TinyRun.in(shared);
        run.command().run().succeeds();
        finished = run.files();
    }

    @BeforeEach
    void restore() throws IOException {
        run.restore(finished);
    }

    private static Path card(TinyRun of) {
        return of.output().resolve("README.md");
    }

    private static JsonNode head(String card) throws IOException {
        assertThat(card).startsWith("---\n");
        return YAML.readTree(card.substring(4, card.indexOf("\n---\n", 4)));
    }

    @Test
    void itHasTheFiguresAndHowToLoadTheModel() throws IOException {
        String card = Files.readString(card(run));
        for (JsonNode variant : run.document("result.json").get("variants")) {
            double perplexity = variant.at("/perplexity/perplexity").doubleValue();
            assertThat(card).contains("| " + variant.get("name").textValue() + " | ");
            assertThat(card).contains(" | " + VariantTable.significant(perplexity) + " | ");
        }
        boolean ours = Files.readString(run.output().resolve("config.json")).contains("auto_map");
        assertThat(card.contains("trust_remote_code=True")).isEqualTo(ours).isTrue();
        assertThat(card).contains("\"criterion\" : \"wanda\"", "names no licence");
        assertThat(head(card).get("library_name").textValue()).isEqualTo("transformers");
        assertThat(head(card).has("license")).isFalse();
    }

    @Test
    void itCanBePublished() throws IOException {
        assertThat(Files.readString(card(run))).doesNotContain(shared.toString());
    }

    @Test
    void whatSomebodyWroteInItStays() throws IOException {
        Files.writeString(card(run), "mine");
        assertThat(run.resume().succeeds().errors())
                .anySatisfy(line -> assertThat(line).contains("run is complete"));
        assertThat(card(run)).hasContent("mine");
    }

    @Test
    void itIsWrittenAgainWhereItIsMissing() throws IOException {
        byte[] before = Files.readAllBytes(card(run));
        Files.delete(card(run));
        run.resume().succeeds();
        assertThat(card(run)).hasBinaryContent(before);
    }

    @Test
    void theLicenceOfTheSourceIsCarriedOver() throws IOException {
        TinyRun licensed = TinyRun.in(directory);
        Path model = directory.resolve("model");
        Files.writeString(model.resolve("README.md"), """
                ---
                license: other
                license_name: "na: me | x"
                license_link: https://example.org/licence
                tags: [a, b]
                ---
                # A model
                """);
        Files.writeString(model.resolve("LICENSE.txt"), "do what you like");
        licensed.command().run().succeeds();
        String card = Files.readString(card(licensed));
        assertThat(head(card).get("license").textValue()).isEqualTo("other");
        assertThat(head(card).get("license_name").textValue()).isEqualTo("na: me | x");
        assertThat(head(card).get("license_link").textValue()).isEqualTo("https://example.org/licence");
        assertThat(card).contains("That of model: other (na: me \\| x)", "LICENSE.txt");
        assertThat(licensed.output().resolve("LICENSE.txt")).hasContent("do what you like");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "license: mit",
                "---\nlicense: mit",
                "---\nlicense: [mit, apache-2.0]\n---\n",
                "---\nlicense: {a: b}\n---\n",
                "---\nlicense: 'a b'\n---\n",
                "---\nlicense: \"a\\nevil: true\"\n---\n",
                "---\n\t- : [\n---\n",
                "---\n[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\n---\n"
            })
    void anythingElseIsNoLicence(String readme) throws IOException {
        TinyRun odd = TinyRun.in(directory);
        Files.writeString(directory.resolve("model/README.md"), readme);
        odd.command().run().succeeds();
        assertThat(head(Files.readString(card(odd))).has("license")).isFalse();
    }

    @Test
    void aLinkToAnotherPlaceIsNotFollowed() throws IOException {
        TinyRun odd = TinyRun.in(directory);
        Path elsewhere = directory.resolve("elsewhere");
        Files.writeString(elsewhere, "---\nlicense: mit\n---\n");
        Files.createSymbolicLink(directory.resolve("model/README.md"), elsewhere);
        odd.command().run().succeeds();
        assertThat(head(Files.readString(card(odd))).has("license")).isFalse();
    }

    @Test
    void aSparseModelHasOneToo() throws IOException {
        Path output = directory.resolve("sparse");
        CommandRun.of(Stream.of(
                                "sparsify",
                                shared.resolve("model"),
                                "--method",
                                "wanda",
                                "--pattern",
                                "0.5",
                                "--calibration",
                                shared.resolve("text"),
                                "--window",
                                "64",
                                "--output",
                                output)
                        .map(Object::toString)
                        .toArray(String[]::new))
                .succeeds();
        assertThat(output.resolve("README.md"))
                .content()
                .contains("of the weights of its decoder layers' maps set to zero", "- sparse", "MODEL_DIR");
    }
}
