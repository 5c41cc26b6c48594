package io.fastforward.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tokenizers that make the native library abort the process that it runs in, refuse, or never answer. */
class HostileTokenizerTest {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Path KINDS = TokenizerTest.RESOURCES.resolve("kinds");

    @TempDir
    private Path directory;

    @Test
    void tokensOfEveryKindOfModelAreThoseOfTheReferenceLibrary() throws IOException {
        JsonNode golden = JSON.readTree(
                TokenizerTest.RESOURCES.resolve("kinds.golden.json").toFile());
        assertThat(golden).hasSize(7);
        for (var kind : golden.properties()) {
            try (Tokenizer tokenizer = open(Files.readString(KINDS.resolve(kind.getKey() + ".json")))) {
                for (JsonNode text : kind.getValue()) {
                    assertThat(tokenizer.encode(text.path("text").asText(), true))
                            .as(kind.getKey() + ": " + text.path("text"))
                            .isEqualTo(JSON.treeToValue(text.path("ids"), int[].class));
                }
            }
        }
    }

    /** A download that broke off; on syntax errors in some sections the library aborts. */
    @ParameterizedTest
    @ValueSource(ints = {1, 100, 700, 1000, 1500, 4000, 4433})
    void aFileThatIsCutIsRefused(int bytes) throws IOException {
        String json = Files.readString(TokenizerTest.RESOURCES.resolve("tokenizer.json"));
        assertRefused(json.substring(0, bytes), "download it again");
    }

    @Test
    void aBrokenCharacterMapIsRefused() throws IOException {
        ObjectNode tokenizer = sound();
        tokenizer.putObject("normalizer").put("type", "Precompiled").put("precompiled_charsmap", "AAAA");
        assertRefused(tokenizer.toString(), "the library gave up on it", "download it again");
    }

    /** It leaves out merges by chance. */
    @Test
    void dropoutIsTurnedOff() throws IOException {
        String text = "the tokens of a text ".repeat(20);
        int[] expected;
        try (Tokenizer tokenizer = open(sound().toString())) {
            expected = tokenizer.encode(text, true);
        }
        ObjectNode random = sound();
        ((ObjectNode) random.path("model")).put("dropout", 0.5);
        try (Tokenizer tokenizer = open(random.toString())) {
            assertThat(tokenizer.encode(text, true)).isEqualTo(expected);
            assertThat(tokenizer.encode(text, true)).isEqualTo(expected);
        }
    }

    @Test
    void aTemplateWithoutItsTokenIsRefused() throws IOException {
        ObjectNode tokenizer = sound();
        ((ObjectNode) tokenizer.path("post_processor")).putObject("special_tokens");
        assertRefused(tokenizer.toString(), "download it again");
    }

    @Test
    void anUnknownKindIsNamed() throws IOException {
        ObjectNode tokenizer = sound();
        tokenizer.putObject("pre_tokenizer").put("type", "FixedLength\u001b[2J");
        assertRefused(
                tokenizer.toString(), "its pre_tokenizer is of the kind 'FixedLength\uFFFD[2J'", "WhitespaceSplit");
    }

    @Test
    void nestingHasALimit() throws IOException {
        String deep = "{\"type\":\"Sequence\",\"normalizers\":[".repeat(5_000) + "]}".repeat(5_000);
        ObjectNode tokenizer = sound();
        String json = tokenizer.put("normalizer", "HERE").toString().replace("\"HERE\"", deep);
        assertRefused(json, "nesting", "download it again");
    }

    /** Those of 100,000 characters keep the library busy for minutes. */
    @Test
    void addedTokensHaveALimit() throws IOException {
        ObjectNode tokenizer = sound();
        addToken(tokenizer, "x".repeat(100_000));
        assertRefused(tokenizer.toString(), "has 100000 characters; expected are at most 10000");
        ObjectNode many = sound();
        for (int i = 0; i < 100_001; i++) {
            addToken(many, "token" + i);
        }
        assertRefused(many.toString(), "it has 100003 added tokens");
        Files.writeString(directory.resolve("added_tokens.json"), "{\"" + "x".repeat(40_000) + "\": 7}");
        assertRefused(sound().toString(), "has 40000 characters");
    }

    @Test
    void aFileBesideItThatIsDamagedIsNamed() throws IOException {
        Files.writeString(directory.resolve("added_tokens.json"), "{\"a\": ");
        assertRefused(sound().toString(), directory.resolve("added_tokens.json").toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"word_piece", "word_level", "unigram"})
    void aTextThatNoTokenIsForIsRefused(String kind) throws IOException {
        try (Tokenizer tokenizer = open(Files.readString(KINDS.resolve(kind + "_without_unknown.json")))) {
            assertThatThrownBy(() -> tokenizer.encode("東", true))
                    .isInstanceOfSatisfying(
                            Failure.class, failure -> assertThat(failure.kind()).isEqualTo(FailureKind.BAD_CHECKPOINT))
                    .hasMessageContainingAll("tokenizer.json", "'東'", "give a text of characters");
            assertThat(tokenizer.encode("tokens", true))
                    .as("it can still be used")
                    .isNotEmpty();
        }
    }

    /** The tokenizer of another model, or tokens that were added without resizing the model. */
    @Test
    void aTokenThatTheModelDoesNotHaveIsNamed() throws IOException {
        Files.writeString(directory.resolve("tokenizer.json"), sound().toString());
        Files.writeString(directory.resolve("added_tokens.json"), "{\"[PAD]\": 320}");
        try (Tokenizer tokenizer = Tokenizer.open(directory, 320)) {
            assertThat(tokenizer.encode("no padding", true)).isNotEmpty();
            assertThatThrownBy(() -> tokenizer.encode("padding: [PAD]", true))
                    .isInstanceOfSatisfying(
                            Failure.class, failure -> assertThat(failure.kind()).isEqualTo(FailureKind.BAD_CHECKPOINT))
                    .hasMessageContainingAll(
                            directory.resolve("tokenizer.json").toString(),
                            "the id 320 ('[PAD]')",
                            "a vocabulary of 320",
                            "resize_token_embeddings");
        }
        try (Tokenizer padded = Tokenizer.open(directory, 384)) {
            assertThat(padded.encode("padding: [PAD]", true)).endsWith(320);
        }
    }

    /** Ids have 32 bits without a sign. */
    @Test
    void anIdBeyondTwoToTheThirtyOneIsNamed() throws IOException {
        ObjectNode tokenizer = sound();
        ((ObjectNode) tokenizer.path("model").path("vocab")).put("A", 4_294_967_295L);
        try (Tokenizer opened = open(tokenizer.toString())) {
            assertThatThrownBy(() -> opened.encode("A", false))
                    .isInstanceOf(Failure.class)
                    .hasMessageContaining("the id 4294967295");
        }
    }

    @Test
    void aProcessThatDoesNotAnswerIsEnded() throws Exception {
        String json = Files.readString(TokenizerTest.RESOURCES.resolve("tokenizer.json"));
        ObjectNode slow = sound();
        addToken(slow, "x".repeat(300_000)); // what TokenizerFile refuses, and takes the library minutes
        try (TokenizerProcess process = TokenizerProcess.start(Duration.ofSeconds(2))) {
            process.open(json);
            assertThatThrownBy(() -> process.open(slow.toString()))
                    .isInstanceOfSatisfying(
                            TokenizerTrouble.class,
                            trouble -> assertThat(trouble.kind()).isEqualTo(TokenizerTrouble.Kind.LATE));
            assertThat(process.isAlive()).isFalse();
        }
    }

    private static ObjectNode sound() throws IOException {
        return (ObjectNode)
                JSON.readTree(TokenizerTest.RESOURCES.resolve("tokenizer.json").toFile());
    }

    private static void addToken(ObjectNode tokenizer, String content) {
        ArrayNode tokens = (ArrayNode) tokenizer.path("added_tokens");
        ObjectNode token = tokens.path(0).deepCopy();
        tokens.add(token.put("content", content).put("id", 400 + tokens.size()));
    }

    private Tokenizer open(String json) throws IOException {
        Files.writeString(directory.resolve("tokenizer.json"), json);
        return Tokenizer.open(directory);
    }

    private void assertRefused(String json, String... words) {
        assertThatThrownBy(() -> open(json))
                .isInstanceOfSatisfying(
                        Failure.class, failure -> assertThat(failure.kind()).isEqualTo(FailureKind.BAD_CHECKPOINT))
                .hasMessageContainingAll(words)
                .satisfies(failure ->
                        assertThat(failure.getMessage()).hasLineCount(1).hasSizeLessThan(900));
    }
}
