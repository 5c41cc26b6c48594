package io.fastforward.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StreamedTextTest {

    private static final ObjectMapper JSON = new ObjectMapper();

    private static final List<String> TEXTS = List.of(
            "The tokens of a text.",
            "  The  tokens   of\n\na text.\n",
            "na\u00efve caf\u00e9 \u2013 \u201cquotes\u201d \u041f\u0440\u0438\u0432\u0435\u0442",
            "\u6771\u4eac\u90fd\u6e0b\u8c37\u533a text \u4f60\u597d",
            "\ud83d\ude00\ud83d\udc69\u200d\ud83d\udc67\ud83d\ude00 a \ud83d\ude00",
            "a \ufffd b\ufffd\ufffd");

    @TempDir
    private Path directory;

    @Test
    void piecesOfAByteLevelTokenizerMakeUpTheText() {
        assertPiecesMakeUpTheTexts(TokenizerTest.RESOURCES);
    }

    /** As LLaMA's: words begin with a mark for the space, and what is not in the vocabulary is spelt in bytes. */
    @Test
    void piecesOfAMetaspaceTokenizerMakeUpTheText() throws IOException {
        Files.writeString(directory.resolve("tokenizer.json"), metaspaceTokenizer());
        assertPiecesMakeUpTheTexts(directory);
    }

    private static void assertPiecesMakeUpTheTexts(Path tokenizerDirectory) {
        try (Tokenizer tokenizer = Tokenizer.open(tokenizerDirectory)) {
            for (String text : TEXTS) {
                int[] tokens = tokenizer.encode(text, false);
                List<String> pieces = pieces(tokens, ids -> tokenizer.decode(ids, true));
                assertThat(String.join("", pieces))
                        .isEqualTo(tokenizer.decode(tokens, true))
                        .isEqualTo(text);
                assertThat(pieces).allSatisfy(StreamedTextTest::assertWholeCharacters);
                assertThat(pieces.getLast())
                        .as("what is left of '%s'", text)
                        .isEqualTo(text.endsWith("\ufffd") ? "\ufffd\ufffd" : "");
            }
        }
    }

    @Test
    void everyTokenThatCompletesACharacterIsShownAtOnce() {
        try (Tokenizer tokenizer = Tokenizer.open(TokenizerTest.RESOURCES)) {
            int[] tokens = tokenizer.encode("The tokens of a text.", false);
            assertThat(pieces(tokens, ids -> tokenizer.decode(ids, true)).subList(0, tokens.length))
                    .doesNotContain("");
        }
    }

    /** Tokens of two bytes: each ends one character and begins the next. */
    @Test
    void tokensMayEndWithinCharacters() {
        String text = "\u4f60\u597d\ud83d\ude00\u4f60\u597d!";
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        Function<int[], String> decode = ids -> {
            ByteArrayOutputStream joined = new ByteArrayOutputStream();
            for (int id : ids) {
                joined.write(bytes, 2 * id, Math.min(2, bytes.length - 2 * id));
            }
            return joined.toString(StandardCharsets.UTF_8);
        };
        int[] tokens = IntStream.range(0, Math.ceilDiv(bytes.length, 2)).toArray();
        List<String> pieces = pieces(tokens, decode);
        assertThat(pieces).allSatisfy(StreamedTextTest::assertWholeCharacters);
        assertThat(String.join("", pieces)).isEqualTo(text);
        assertThat(pieces).startsWith("", "\u4f60", "\u597d");
    }

    @Test
    void anIncompleteEndIsShownWhenNothingMoreComes() {
        try (Tokenizer tokenizer = Tokenizer.open(TokenizerTest.RESOURCES)) {
            int[] tokens = tokenizer.encode("a \u6771", false);
            int[] cut = Arrays.copyOf(tokens, tokens.length - 1);
            List<String> pieces = pieces(cut, ids -> tokenizer.decode(ids, true));
            assertThat(pieces.getLast()).isEqualTo("\ufffd");
            assertThat(String.join("", pieces)).isEqualTo("a \ufffd");
        }
    }

    @Test
    void aLongTextIsNotDecodedAgainForEachToken() {
        int[] most = {0};
        String text = "\u4f60\u597d text ".repeat(100);
        try (Tokenizer tokenizer = Tokenizer.open(TokenizerTest.RESOURCES)) {
            int[] tokens = tokenizer.encode(text, false);
            List<String> pieces = pieces(tokens, ids -> {
                most[0] = Math.max(most[0], ids.length);
                return tokenizer.decode(ids, true);
            });
            assertThat(String.join("", pieces)).isEqualTo(text);
        }
        assertThat(most[0]).as("most tokens decoded at once").isLessThanOrEqualTo(6);
    }

    /** A model may give nothing but special tokens, which are skipped. */
    @Test
    void tokensWithoutTextAreNotDecodedAgainForEachToken() {
        int[] most = {0};
        try (Tokenizer tokenizer = Tokenizer.open(TokenizerTest.RESOURCES)) {
            int special = tokenizer.encode("", true)[0];
            StreamedText text = new StreamedText(ids -> {
                most[0] = Math.max(most[0], ids.length);
                return tokenizer.decode(ids, true);
            });
            StringBuilder streamed = new StringBuilder();
            addOften(text, special);
            for (int token : tokenizer.encode("\u4f60\u597d text", false)) {
                String piece = text.add(token);
                streamed.append(piece);
                if (!piece.isEmpty()) {
                    addOften(text, special);
                }
            }
            assertThat(streamed.append(text.finish())).hasToString("\u4f60\u597d text");
        }
        assertThat(most[0]).as("most tokens decoded at once").isLessThanOrEqualTo(10);
    }

    private static void addOften(StreamedText text, int special) {
        for (int i = 0; i < 50; i++) {
            assertThat(text.add(special)).isEmpty();
        }
    }

    /** The first space is dropped, so the first token seems to have no text. */
    @Test
    void spacesAtTheStartAreKept() {
        List<String> tokens = List.of(" ", " ", "", " a", "", " ", "b");
        Function<int[], String> decode = ids -> {
            String joined = Arrays.stream(ids).mapToObj(tokens::get).collect(Collectors.joining());
            return joined.startsWith(" ") ? joined.substring(1) : joined;
        };
        assertThat(String.join("", pieces(IntStream.range(0, tokens.size()).toArray(), decode)))
                .isEqualTo("  a b");
    }

    /** What each token gives, and what is left in the end. */
    private static List<String> pieces(int[] tokens, Function<int[], String> decode) {
        StreamedText text = new StreamedText(decode);
        List<String> pieces = new ArrayList<>();
        for (int token : tokens) {
            pieces.add(text.add(token));
        }
        pieces.add(text.finish());
        return pieces;
    }

    private static void assertWholeCharacters(String piece) {
        assertThat(new String(piece.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8))
                .isEqualTo(piece);
    }

    private static String metaspaceTokenizer() throws IOException {
        ObjectNode vocabulary = JSON.createObjectNode();
        for (int i = 0; i < 256; i++) {
            vocabulary.put(String.format("<0x%02X>", i), i);
        }
        for (String piece : List.of("\u2581", "a", "b", "e", "f", "k", "n", "o", "s", "t", "x", "to", "\u2581to")) {
            vocabulary.put(piece, vocabulary.size());
        }
        return """
                {"version": "1.0", "added_tokens": [], "post_processor": null, "pre_tokenizer": null,
                 "normalizer": {"type": "Sequence", "normalizers": [
                   {"type": "Prepend", "prepend": "\u2581"},
                   {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}]},
                 "decoder": {"type": "Sequence", "decoders": [
                   {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "},
                   {"type": "ByteFallback"}, {"type": "Fuse"},
                   {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
                 "model": {"type": "BPE", "byte_fallback": true, "fuse_unk": true, "unk_token": null,
                   "merges": ["t o", "\u2581 to"], "vocab": VOCABULARY}}
                """.replace("VOCABULARY", JSON.writeValueAsString(vocabulary));
    }
}
