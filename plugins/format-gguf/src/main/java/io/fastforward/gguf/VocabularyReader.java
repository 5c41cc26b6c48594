package io.fastforward.gguf;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reads a tokenizer as Hugging Face keeps it: {@code tokenizer.json}, and what {@code tokenizer_config.json} and its like say
 * beside that. What llama.cpp would do otherwise is refused; the files may come from anybody.
 */
final class VocabularyReader {

    /** Larger files do not follow the weights, and no tokenizer is as large. */
    private static final int MOST_BYTES = 64 << 20;

    private static final int DEEPEST = 64;
    private static final int LONGEST_TEXT = 16 << 20;
    private static final int LONGEST_NAME = 1 << 17;

    /** More than any tokenizer has, and few enough to look at every pair of halves. */
    private static final int LONGEST_TOKEN = 1000;

    private static final int LONGEST_EXCERPT = 300;

    private static final JsonMapper JSON = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(DEEPEST)
                            .maxStringLength(LONGEST_TEXT)
                            .maxNameLength(LONGEST_NAME)
                            .maxDocumentLength(MOST_BYTES)
                            .build())
                    .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                    .build())
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
            .build();

    /** Special tokens that files name, and what llama.cpp calls them. */
    private static final Map<String, String> NAMED = Map.of(
            "bos_token", "bos",
            "eos_token", "eos",
            "unk_token", "unknown",
            "pad_token", "padding",
            "sep_token", "seperator", // sic
            "mask_token", "mask");

    private final Path directory;
    private final int rows;
    private final JsonNode tokenizer;
    private final JsonNode settings;
    private final JsonNode modelConfig;
    private final Map<String, Integer> ids = new HashMap<>();
    private final List<@Nullable String> tokens;
    private final List<TokenType> types;

    private VocabularyReader(Path directory, int rows, JsonNode modelConfig) {
        this.directory = directory;
        this.rows = rows;
        this.modelConfig = modelConfig;
        this.tokenizer = json("tokenizer.json");
        this.settings = json("tokenizer_config.json");
        this.tokens = new ArrayList<>(Collections.nCopies(rows, null));
        this.types = new ArrayList<>(Collections.nCopies(rows, TokenType.UNUSED));
    }

    /**
     * Reads a tokenizer.
     *
     * @param directory of the model
     * @param rows of the model's embedding; those without a token get one that no text has
     * @param config the model's
     * @throws UnsupportedTokenizerException if the files cannot be read or are damaged, or llama.cpp would make other tokens
     *     of a text
     */
    static Vocabulary read(Path directory, int rows, String config) {
        JsonNode parsed;
        try {
            parsed = JSON.readTree(config);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("the model's config is not JSON", e);
        }
        return new VocabularyReader(directory, rows, parsed).read();
    }

    private Vocabulary read() {
        if (!tokenizer.isObject()) {
            throw refusal("there is no tokenizer.json, and no other file says all of it; save the tokenizer with"
                    + " transformers, which writes one");
        }
        JsonNode model = tokenizer.path("model");
        String type = model.path("type").asText(model.has("merges") ? "BPE" : "");
        if (!type.equals("BPE")) {
            throw refusal("its model is of the kind '" + excerpt(type) + "', and BPE is all that is written");
        }
        refuseIf(!model.path("continuing_subword_prefix").asText("").isEmpty(), "it has a continuing_subword_prefix");
        refuseIf(!model.path("end_of_word_suffix").asText("").isEmpty(), "it has an end_of_word_suffix");
        readVocabulary(model.path("vocab"));
        readAddedTokens();
        MergeList merges = MergeList.of(model.path("merges"), ids);
        boolean sentencePiece = model.path("byte_fallback").asBoolean(false);
        Vocabulary.Pieces pieces = sentencePiece ? sentencePiece(model, merges) : byteLevel(model, merges);
        Frame frame = Frame.of(tokenizer.path("post_processor"));
        Map<String, Integer> special = special(frame);
        return new Vocabulary(
                pieces, special, frame.first().isPresent(), frame.last().isPresent(), chatTemplates());
    }

    private void readVocabulary(JsonNode vocabulary) {
        refuseIf(!vocabulary.isObject() || vocabulary.isEmpty(), "its model has no vocabulary");
        vocabulary.properties().forEach(entry -> put(entry.getKey(), entry.getValue(), TokenType.NORMAL));
    }

    private void put(String token, JsonNode number, TokenType type) {
        if (!number.isIntegralNumber() || !number.canConvertToInt() || number.intValue() < 0) {
            throw refusal("token '" + excerpt(token) + "' has the number " + excerpt(number.toString()));
        }
        int id = number.intValue();
        if (id >= rows) {
            throw refusal("token '" + excerpt(token) + "' has the number " + id + ", but the model's embedding has "
                    + rows + " rows");
        }
        String before = tokens.get(id);
        Integer other = ids.put(token, id);
        if ((before != null && !before.equals(token)) || (other != null && other != id)) {
            throw refusal("number " + id + " and token '" + excerpt(token) + "' stand for two things each");
        }
        refuseIf(
                token.isEmpty() || token.length() > LONGEST_TOKEN,
                "token " + id + " has " + token.length() + " characters, expected 1 to " + LONGEST_TOKEN);
        refuseIf(
                token.indexOf('\0') >= 0 || !isUnicode(token),
                "token " + id + " has the character NUL or half a character, which llama.cpp cannot hold");
        tokens.set(id, token);
        types.set(id, type);
    }

    private static boolean isUnicode(String text) {
        return text.codePoints()
                .noneMatch(point -> point >= Character.MIN_SURROGATE && point <= Character.MAX_SURROGATE);
    }

    private void readAddedTokens() {
        for (JsonNode added : tokenizer.path("added_tokens")) {
            String content = added.path("content").asText("");
            for (String flag : List.of("single_word", "lstrip", "rstrip")) {
                refuseIf(
                        added.path(flag).asBoolean(false),
                        "the added token '" + excerpt(content) + "' looks at what is beside it (" + flag + ")");
            }
            put(content, added.path("id"), typeOfAdded(added));
        }
        settings.path("added_tokens_decoder").forEach(added -> {
            int id = requireKnown(added.path("content").asText(""));
            if (types.get(id) != TokenType.CONTROL) {
                types.set(id, typeOfAdded(added));
            }
        });
        json("added_tokens.json").fieldNames().forEachRemaining(this::requireKnown);
        for (JsonNode file : List.of(settings, json("special_tokens_map.json"))) {
            NAMED.keySet().forEach(name -> content(file.path(name)).ifPresent(this::markSpecial));
            for (String list : List.of("additional_special_tokens", "extra_special_tokens")) {
                file.path(list).forEach(token -> content(token).ifPresent(this::markSpecial));
            }
        }
    }

    private static TokenType typeOfAdded(JsonNode added) {
        return added.path("special").asBoolean(false) ? TokenType.CONTROL : TokenType.USER_DEFINED;
    }

    private void markSpecial(String token) {
        types.set(requireKnown(token), TokenType.CONTROL);
    }

    private int requireKnown(String token) {
        Integer id = ids.get(token);
        if (id == null) {
            throw refusal("the files beside tokenizer.json add the token '" + excerpt(token)
                    + "', which that does not have; load the tokenizer with transformers and save it, which puts all"
                    + " tokens into one file");
        }
        return id;
    }

    private Vocabulary.Pieces byteLevel(JsonNode model, MergeList merges) {
        JsonNode normalizer = tokenizer.path("normalizer");
        // Qwen2 composes characters (NFC), which nearly all texts have done already and llama.cpp does not do.
        refuseIf(
                !isNothing(normalizer) && !normalizer.path("type").asText().equals("NFC"),
                "texts are normalised before they are cut into words: " + excerpt(normalizer.toString()));
        PreTokenizer words = PreTokenizer.of(
                tokenizer.path("pre_tokenizer"), model.path("ignore_merges").asBoolean(false));
        ByteAlphabet alphabet = ByteAlphabet.GPT_2;
        for (int id = 0; id < rows; id++) {
            String token = tokens.get(id);
            if (token != null && types.get(id) == TokenType.NORMAL && !alphabet.spells(token)) {
                throw refusal("token " + id + ", '" + excerpt(token) + "', has characters that stand for no byte");
            }
        }
        alphabet.letters().forEach(letter -> requireToken(letter, "a byte"));
        return new Vocabulary.ByteLevel(filledUp(), types, words, merges.texts());
    }

    private Vocabulary.Pieces sentencePiece(JsonNode model, MergeList merges) {
        refuseIf(
                model.path("ignore_merges").asBoolean(false),
                "words that are tokens are not put together from merges (ignore_merges)");
        boolean beginsWithSpace = SpaceMarks.of(tokenizer).beginsWithSpace();
        for (int value = 0; value < 256; value++) {
            String token = "<0x%02X>".formatted(value);
            requireToken(token, "a byte");
            types.set(requireKnown(token), TokenType.BYTE);
        }
        content(model.path("unk_token")).ifPresent(token -> types.set(requireKnown(token), TokenType.UNKNOWN));
        Map<String, Integer> order = merges.orderOfProducts(ids.keySet());
        List<Float> scores = new ArrayList<>();
        for (String token : tokens) {
            Integer place = token == null ? null : order.get(token);
            // What is not put together is not scored: it must not come before anything that is.
            scores.add((float) -(place == null ? order.size() : place));
        }
        return new Vocabulary.SentencePiece(filledUp(), types, scores, beginsWithSpace);
    }

    private void requireToken(String token, String meaning) {
        refuseIf(!ids.containsKey(token), "it has no token '" + token + "' for " + meaning);
    }

    /** Rows of the embedding without a token get one that llama.cpp does not look for. */
    private List<String> filledUp() {
        List<String> all = new ArrayList<>();
        for (int id = 0; id < rows; id++) {
            String token = tokens.get(id);
            String name = token == null ? "[PAD" + id + "]" : token;
            refuseIf(token == null && ids.containsKey(name), "it has a token '" + name + "'");
            all.add(name);
        }
        return all;
    }

    private Map<String, Integer> special(Frame frame) {
        Map<String, Integer> special = new HashMap<>();
        NAMED.forEach(
                (name, key) -> content(settings.path(name)).ifPresent(token -> special.put(key, requireKnown(token))));
        for (String end : List.of("bos", "eos")) {
            JsonNode number = modelConfig.path(end + "_token_id");
            JsonNode first = number.isArray() ? number.path(0) : number;
            if (first.canConvertToInt() && first.intValue() >= 0 && first.intValue() < rows) {
                special.putIfAbsent(end, first.intValue());
            }
        }
        frame.first().ifPresent(token -> special.put("bos", requireKnown(token)));
        frame.last().ifPresent(token -> {
            Integer other = special.put("eos", requireKnown(token));
            refuseIf(
                    other != null && !other.equals(ids.get(token)),
                    "a text ends with '" + excerpt(token) + "', which is not what generation ends with");
        });
        // llama.cpp would take token 11 or 2, whatever that is.
        refuseIf(!special.containsKey("eos"), "no file says which token ends a text (eos_token)");
        return special;
    }

    private Map<String, String> chatTemplates() {
        Map<String, String> templates = new LinkedHashMap<>();
        JsonNode stored = settings.path("chat_template");
        if (stored.isTextual()) {
            templates.put("", stored.textValue());
        }
        for (JsonNode named : stored.isArray() ? stored : MissingNode.getInstance()) {
            String name = named.path("name").asText("");
            refuseIf(!name.matches("[A-Za-z0-9_.-]{1,64}"), "a chat template has the name '" + excerpt(name) + "'");
            templates.put(
                    name.equals("default") ? "" : name, named.path("template").asText(""));
        }
        bytes("chat_template.jinja").ifPresent(bytes -> templates.put("", text(bytes, "chat_template.jinja")));
        refuseIf(
                !templates.values().stream().allMatch(VocabularyReader::isUnicode),
                "a chat template has half a character (an unpaired surrogate)");
        return templates;
    }

    /** A token may be written as its text or with its flags. */
    private static Optional<String> content(JsonNode token) {
        String content = token.isObject() ? token.path("content").asText("") : token.asText("");
        return token.isNull() || content.isEmpty() ? Optional.empty() : Optional.of(content);
    }

    private static boolean isNothing(JsonNode section) {
        return section.isMissingNode()
                || section.isNull()
                || (section.path("type").asText().equals("Sequence")
                        && section.path("normalizers").isArray()
                        && section.path("normalizers").isEmpty());
    }

    /** What is in a file of the model; nothing if there is none. */
    private JsonNode json(String name) {
        Optional<byte[]> bytes = bytes(name);
        if (bytes.isEmpty()) {
            return MissingNode.getInstance();
        }
        try {
            return JSON.readTree(bytes.get());
        } catch (JsonProcessingException e) {
            throw refusal(name + " is damaged: " + excerpt(e.getOriginalMessage()));
        } catch (IOException e) {
            throw refusal(name + " cannot be read: " + excerpt(String.valueOf(e.getMessage())));
        }
    }

    private Optional<byte[]> bytes(String name) {
        Path file = directory.resolve(name);
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(MOST_BYTES + 1);
            refuseIf(bytes.length > MOST_BYTES, name + " has more than " + MOST_BYTES + " bytes");
            return Optional.of(bytes);
        } catch (IOException e) {
            throw refusal(name + " cannot be read: " + excerpt(String.valueOf(e.getMessage())));
        }
    }

    private static String text(byte[] bytes, String name) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw refusal(name + " is not UTF-8");
        }
    }

    /** A stranger's text, as much of it as fits into a message, without what would steer a terminal. */
    static String excerpt(String text) {
        String line =
                text.substring(0, Math.min(text.length(), LONGEST_EXCERPT)).replaceAll("\\p{Cntrl}", "�");
        return text.length() > LONGEST_EXCERPT ? line + "…" : line;
    }

    static void refuseIf(boolean condition, String reason) {
        if (condition) {
            throw refusal(reason);
        }
    }

    static UnsupportedTokenizerException refusal(String reason) {
        return new UnsupportedTokenizerException(reason);
    }
}
