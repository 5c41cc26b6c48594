package io.fastforward.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenizerTest {

    static final Path RESOURCES = Path.of("src/test/resources/tokenizer");

    @Test
    void tokensAreThoseOfTheReferenceLibrary() throws IOException {
        ObjectMapper json = new ObjectMapper();
        JsonNode golden = json.readTree(RESOURCES.resolve("golden.json").toFile());
        assertThat(golden).hasSize(11);
        try (Tokenizer tokenizer = Tokenizer.open(RESOURCES)) {
            for (JsonNode expected : golden) {
                String text = expected.path("text").asText();
                int[] plain = json.treeToValue(expected.path("plain"), int[].class);
                assertThat(tokenizer.encode(text, false)).isEqualTo(plain);
                assertThat(tokenizer.encode(text, true))
                        .isEqualTo(json.treeToValue(expected.path("special"), int[].class));
                assertThat(tokenizer.decode(plain, false)).isEqualTo(text);
            }
        }
    }

    /** The file asks for truncation to 4 tokens and padding to 8. */
    @Test
    void textsAreNeitherCutNorPadded() {
        try (Tokenizer tokenizer = Tokenizer.open(RESOURCES)) {
            assertThat(tokenizer.encode("", true)).hasSize(1);
            int[] word = tokenizer.encode(" token", false);
            int[] words = tokenizer.encode(" token".repeat(20_000), false);
            assertThat(words).hasSize(20_000 * word.length);
            assertThat(tokenizer.decode(words, false)).hasSize(20_000 * 6);
        }
    }

    @Test
    void specialTokensAreSkippedOnRequest() {
        try (Tokenizer tokenizer = Tokenizer.open(RESOURCES)) {
            int[] ids = tokenizer.encode("a text", true);
            assertThat(tokenizer.decode(ids, true)).isEqualTo("a text");
            assertThat(tokenizer.decode(ids, false)).isEqualTo("<s>a text");
        }
    }

    @Test
    void aClosedTokenizerIsRefused() {
        Tokenizer tokenizer = Tokenizer.open(RESOURCES);
        tokenizer.close();
        tokenizer.close();
        assertThatThrownBy(() -> tokenizer.encode("a", false)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> tokenizer.decode(new int[1], false)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aMissingFileIsExplained(@TempDir Path directory) {
        assertThatThrownBy(() -> Tokenizer.open(directory))
                .isInstanceOfSatisfying(
                        Failure.class, failure -> assertThat(failure.kind()).isEqualTo(FailureKind.NOT_FOUND))
                .hasMessageContainingAll(directory.resolve("tokenizer.json").toString(), "save_pretrained");
    }

    @Test
    void aDamagedFileIsExplained(@TempDir Path directory) throws IOException {
        Path file = directory.resolve("tokenizer.json");
        for (String contents : List.of("", "{", "{}", "[]", "{\"model\":{\"type\":\"none\"}}")) {
            Files.writeString(file, contents);
            assertDamaged(directory, file);
        }
        Files.write(file, new byte[] {(byte) 0xFF});
        assertDamaged(directory, file);
    }

    private static void assertDamaged(Path directory, Path file) {
        assertThatThrownBy(() -> Tokenizer.open(directory))
                .isInstanceOfSatisfying(
                        Failure.class, failure -> assertThat(failure.kind()).isEqualTo(FailureKind.BAD_CHECKPOINT))
                .hasMessageContainingAll(file.toString(), "download it again");
    }
}
