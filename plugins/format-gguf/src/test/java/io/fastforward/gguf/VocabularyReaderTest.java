package io.fastforward.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class VocabularyReaderTest {

    private static final int ROWS = 270;
    private static final int DAMAGES = 600;

    private static final String LLAMA_3 = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|"
            + " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

    private static final String QWEN2 = LLAMA_3.replace("{1,3}", "");

    @TempDir
    private Path directory;

    @Test
    void rowsWithoutATokenAreFilledUp() throws IOException {
        Vocabulary read = new ByteLevelTokenizer().read(directory, ROWS);
        assertThat(read.pieces().tokens()).hasSize(ROWS).endsWith("[PAD268]", "[PAD269]");
        assertThat(read.pieces().types())
                .hasSize(ROWS)
                .startsWith(TokenType.CONTROL, TokenType.CONTROL, TokenType.CONTROL, TokenType.NORMAL)
                .endsWith(TokenType.UNUSED);
        assertThat(read.special()).isEqualTo(Map.of("bos", 1, "eos", 2));
        assertThat(read.begins()).isTrue();
        assertThat(read.ends()).isFalse();
        assertThat(read.pieces())
                .isInstanceOfSatisfying(
                        Vocabulary.ByteLevel.class,
                        pieces -> assertThat(pieces.words()).isEqualTo(PreTokenizer.GPT_2));
    }

    @Test
    void aTokenThatIsAddedAndShownIsTheUsers() throws IOException {
        ByteLevelTokenizer tokenizer = new ByteLevelTokenizer();
        tokenizer.added.addObject().put("id", 259).put("content", "<tool>");
        assertThat(tokenizer.read(directory, ROWS).pieces().types().get(259)).isEqualTo(TokenType.USER_DEFINED);
    }

    @Test
    void templatesOfChatsComeAlong() throws IOException {
        ByteLevelTokenizer tokenizer = new ByteLevelTokenizer();
        tokenizer.config.set(
                "chat_template", json("[{'name':'default','template':'a'},{'name':'tools','template':'b'}]"));
        Map<String, MetadataValue> metadata = tokenizer.read(directory, ROWS).metadata();
        assertThat(metadata)
                .containsEntry("tokenizer.chat_template", new MetadataValue.Text("a"))
                .containsEntry("tokenizer.chat_template.tools", new MetadataValue.Text("b"))
                .containsEntry("tokenizer.chat_templates", new MetadataValue.Texts(List.of("tools")));
        Files.writeString(directory.resolve("chat_template.jinja"), "c");
        assertThat(tokenizer.read(directory, ROWS).chatTemplates()).containsEntry("", "c");
    }

    @ParameterizedTest
    @CsvSource({"LLAMA_3, true", "DBRX, false", "QWEN2, false"})
    void wordsAreToldFromTheirPattern(PreTokenizer expected, boolean ignoresMerges) throws IOException {
        ByteLevelTokenizer tokenizer = new ByteLevelTokenizer();
        split(tokenizer, expected == PreTokenizer.QWEN2 ? QWEN2 : LLAMA_3);
        tokenizer.model.put("ignore_merges", ignoresMerges);
        assertThat(tokenizer.read(directory, ROWS).pieces())
                .isInstanceOfSatisfying(
                        Vocabulary.ByteLevel.class,
                        pieces -> assertThat(pieces.words()).isEqualTo(expected));
    }

    private static void split(ByteLevelTokenizer tokenizer, String pattern) {
        JsonNode words =
                json("{'type':'Sequence','pretokenizers':[{'type':'Split','behavior':'Isolated','invert':false},"
                        + "{'type':'ByteLevel','add_prefix_space':false,'use_regex':false}]}");
        ((ObjectNode) words.path("pretokenizers").path(0)).putObject("pattern").put("Regex", pattern);
        tokenizer.tokenizer.set("pre_tokenizer", words);
    }

    static Stream<Arguments> hostile() {
        return Stream.of(
                refused("of the kind 'Unigram'", it -> it.model.put("type", "Unigram")),
                refused("of the kind 'WordPiece'", it -> it.model.put("type", "WordPiece")),
                refused("no vocabulary", it -> it.model.put("vocab", "none")),
                refused("no list of merges", it -> it.model.remove("merges")),
                refused("no pair of tokens: \"a\"", it -> merges(it, "a")),
                refused("no pair of tokens: \"a b c\"", it -> merges(it, "a b c")),
                refused("needs the token 'ab'", it -> merges(it, "a b")),
                refused("has the number 270", it -> it.vocabulary.put("abc", ROWS)),
                refused("has the number -1", it -> it.vocabulary.put("abc", -1)),
                refused("has the number 1.5", it -> it.vocabulary.put("abc", 1.5)),
                refused("two things", it -> it.vocabulary.put("abc", 7)),
                refused("two things", it -> added(it, 3, "<x>")),
                refused("0 characters", it -> it.vocabulary.put("", 260)),
                refused("1001 characters", it -> it.vocabulary.put("a".repeat(1001), 260)),
                refused("NUL", it -> added(it, 259, "<\0>")),
                refused("half a character", it -> added(it, 259, "<\ud800>")),
                refused("unpaired surrogate", it -> it.config.put("chat_template", "\udc00")),
                refused("which token ends a text", it -> it.config.remove("eos_token")),
                refused("stand for no byte", it -> it.vocabulary.put("漢", 260)),
                refused("no token 'a'", it -> it.vocabulary.remove("a")),
                refused("continuing_subword_prefix", it -> it.model.put("continuing_subword_prefix", "##")),
                refused("end_of_word_suffix", it -> it.model.put("end_of_word_suffix", "</w>")),
                refused("normalised", it -> it.tokenizer.putObject("normalizer").put("type", "Lowercase")),
                refused("pre-tokenizer", it -> it.tokenizer.remove("pre_tokenizer")),
                refused("pre-tokenizer", it -> split(it, "\\p{L}+")),
                refused("pre-tokenizer", it -> split(it, LLAMA_3 + "|x")),
                refused("ignore_merges", it -> it.model.put("ignore_merges", true)),
                refused(
                        "post-processor",
                        it -> it.tokenizer.putObject("post_processor").put("type", "Roberta")),
                refused("more than a token before", it -> twice(it)),
                refused("single_word", it -> flag(it, "single_word")),
                refused("lstrip", it -> flag(it, "lstrip")),
                refused("rstrip", it -> flag(it, "rstrip")),
                refused("add the token '<y>'", it -> it.config.put("pad_token", "<y>")),
                refused(
                        "add the token '<y>'",
                        it -> it.config
                                .putObject("added_tokens_decoder")
                                .putObject("259")
                                .put("content", "<y>")),
                refused("has a token '[PAD269]'", it -> added(it, 261, "[PAD269]")));
    }

    private static Arguments refused(String words, Consumer<ByteLevelTokenizer> change) {
        return Arguments.of(words, change);
    }

    private static void merges(ByteLevelTokenizer it, String... merges) {
        List.of(merges).forEach(it.model.putArray("merges")::add);
    }

    private static void added(ByteLevelTokenizer it, int id, String content) {
        it.added.addObject().put("id", id).put("content", content).put("special", true);
    }

    private static void flag(ByteLevelTokenizer it, String flag) {
        it.added.addObject().put("id", 259).put("content", "<z>").put(flag, true);
    }

    private static void twice(ByteLevelTokenizer it) {
        it.tokenizer.set(
                "post_processor",
                json(
                        "{'type':'TemplateProcessing','single':[{'SpecialToken':{'id':'<s>'}},{'SpecialToken':{'id':'<s>'}},"
                                + "{'Sequence':{'id':'A'}}]}"));
    }

    @ParameterizedTest
    @MethodSource("hostile")
    void whatLlamaCppWouldDoOtherwiseIsRefused(String words, Consumer<ByteLevelTokenizer> change) {
        ByteLevelTokenizer tokenizer = new ByteLevelTokenizer();
        change.accept(tokenizer);
        assertThatExceptionOfType(UnsupportedTokenizerException.class)
                .isThrownBy(() -> tokenizer.read(directory, ROWS))
                .withMessageContaining(words);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{", "[]", "null", "{\"a\":1,\"a\":2}", "{} x", "\u0000"})
    void aFileThatIsNoTokenizerIsRefused(String contents) throws IOException {
        Files.writeString(directory.resolve("tokenizer.json"), contents);
        assertThatExceptionOfType(UnsupportedTokenizerException.class)
                .isThrownBy(() -> VocabularyReader.read(directory, ROWS, "{}"));
    }

    /** Bytes of files that would be read are changed, moved and left out: nothing but a refusal, or another tokenizer, comes of it. */
    @Test
    void damageIsRefusedOrDoesNotMatter() throws IOException {
        ByteLevelTokenizer tokenizer = new ByteLevelTokenizer();
        merges(tokenizer, "a b", "c d");
        tokenizer.vocabulary.put("ab", 259).put("cd", 260);
        tokenizer.config.set("chat_template", json("[{'name':'default','template':'a'}]"));
        tokenizer.read(directory, ROWS);
        SplittableRandom random = new SplittableRandom(11);
        int refused = 0;
        for (String name : List.of("tokenizer.json", "tokenizer_config.json")) {
            byte[] whole = Files.readAllBytes(directory.resolve(name));
            for (int i = 0; i < DAMAGES; i++) {
                Files.write(directory.resolve(name), damaged(whole, random));
                try {
                    assertThat(VocabularyReader.read(directory, ROWS, "{}")
                                    .pieces()
                                    .tokens())
                            .hasSize(ROWS)
                            .doesNotHaveDuplicates();
                } catch (UnsupportedTokenizerException _) {
                    refused++;
                }
            }
            Files.write(directory.resolve(name), whole);
        }
        assertThat(refused).isBetween(DAMAGES / 2, 2 * DAMAGES - 1);
    }

    private static byte[] damaged(byte[] whole, SplittableRandom random) {
        byte[] bytes = whole.clone();
        int from = random.nextInt(bytes.length);
        int to = random.nextInt(bytes.length);
        int length = Math.min(random.nextInt(1, 40), bytes.length - Math.max(from, to));
        switch (random.nextInt(4)) {
            case 0 -> bytes[from] = (byte) random.nextInt(256);
            case 1 -> bytes[from] = (byte) "{}[]\",:0-1et".charAt(random.nextInt(12));
            case 2 -> System.arraycopy(whole, from, bytes, to, length);
            default -> bytes = Arrays.copyOf(bytes, from);
        }
        return bytes;
    }

    @Test
    void deepNestingIsRefused() throws IOException {
        String deep = String.join("", Collections.nCopies(1000, "["));
        Files.writeString(directory.resolve("tokenizer.json"), deep);
        assertThatExceptionOfType(UnsupportedTokenizerException.class)
                .isThrownBy(() -> VocabularyReader.read(directory, ROWS, "{}"))
                .withMessageContaining("damaged");
    }

    @Test
    void aModelWithoutATokenizerIsRefused() {
        assertThatExceptionOfType(UnsupportedTokenizerException.class)
                .isThrownBy(() -> VocabularyReader.read(directory, ROWS, "{}"))
                .withMessageContaining("there is no tokenizer.json");
    }

    private static JsonNode json(String singleQuoted) {
        try {
            return ByteLevelTokenizer.JSON.readTree(singleQuoted.replace('\'', '"'));
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }
}
