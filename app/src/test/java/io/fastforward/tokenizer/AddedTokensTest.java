package io.fastforward.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** What files beside {@code tokenizer.json} add, against transformers: see scripts/golden/make_tokenizers.py. */
class AddedTokensTest {

    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path directory;

    @TestFactory
    Stream<DynamicTest> tokensAreThoseOfTransformers() throws IOException {
        JsonNode golden = JSON.readTree(
                TokenizerTest.RESOURCES.resolve("added_tokens.golden.json").toFile());
        assertThat(golden).hasSize(36);
        return StreamSupport.stream(golden.spliterator(), false)
                .map(setup -> DynamicTest.dynamicTest(
                        setup.path("setup").asText() + (setup.path("lowerCase").asBoolean() ? ", lower case" : ""),
                        () -> compare(setup)));
    }

    private void compare(JsonNode setup) throws IOException {
        Path folder = Files.createTempDirectory(directory, "setup");
        ObjectNode tokenizer = (ObjectNode)
                JSON.readTree(TokenizerTest.RESOURCES.resolve("tokenizer.json").toFile());
        if (setup.path("lowerCase").asBoolean()) {
            tokenizer.putObject("normalizer").put("type", "Lowercase");
        }
        JSON.writeValue(folder.resolve("tokenizer.json").toFile(), tokenizer);
        for (Map.Entry<String, JsonNode> file : setup.path("files").properties()) {
            JSON.writeValue(folder.resolve(file.getKey()).toFile(), file.getValue());
        }
        try (Tokenizer opened = Tokenizer.open(folder)) {
            for (JsonNode text : setup.path("texts")) {
                int[] ids = opened.encode(text.path("text").asText(), true);
                assertThat(ids)
                        .as(text.path("text").asText())
                        .isEqualTo(JSON.treeToValue(text.path("ids"), int[].class));
                // The Python library 0.23 gives the normalised text of added tokens, this one the text itself.
                if (!setup.path("lowerCase").asBoolean()) {
                    assertThat(opened.decode(ids, true))
                            .isEqualTo(text.path("decoded").asText());
                }
            }
        }
    }

    /** What the file says already is not written anew: the library gets it as it is. */
    @Test
    void aFileThatNamesAllTokensIsLeftAsItIs() throws IOException {
        Path file = directory.resolve("tokenizer.json");
        Files.copy(TokenizerTest.RESOURCES.resolve("tokenizer.json"), file);
        Files.writeString(directory.resolve("tokenizer_config.json"), "{\"bos_token\": \"<s>\", \"x\": Infinity}");
        Files.writeString(directory.resolve("special_tokens_map.json"), "{\"eos_token\": {\"content\": \"</s>\"}}");
        Files.writeString(directory.resolve("added_tokens.json"), "{}");
        assertThat(TokenizerFile.read(directory).json()).isEqualTo(Files.readString(file));
    }
}
