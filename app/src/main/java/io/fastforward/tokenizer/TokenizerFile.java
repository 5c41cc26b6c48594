package io.fastforward.tokenizer;

import static java.util.Map.entry;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fastforward.checkpoint.ReadFailure;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.OneLine;
import io.fastforward.json.ForeignJson;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The description of a tokenizer, with the tokens that files beside it add.
 *
 * @param path of {@code tokenizer.json}
 * @param json what the library is given
 */
record TokenizerFile(Path path, String json) {

    /** Public ones have up to some 35 MB. */
    private static final long LARGEST = 256 << 20;

    /** The library's own limit. */
    private static final int DEEPEST = 128;

    /** The library's time grows with the square of their number: some minutes for this many. Speech models have 65,000. */
    private static final int MOST_ADDED_TOKENS = 100_000;

    /** The library's time may grow with the square of their length: some seconds for this one. */
    private static final int LONGEST_ADDED_TOKEN = 10_000;

    private static final int MOST_ADDED_CHARACTERS = 4_000_000;

    private static final JsonMapper JSON = ForeignJson.mapper(
            StreamReadConstraints.builder().maxNestingDepth(DEEPEST).build());

    /** The kinds that the library knows, by section, as messages list them. */
    private static final Map<String, String> KINDS = Map.ofEntries(
            entry("model", "BPE, Unigram, WordLevel, WordPiece"),
            entry(
                    "normalizer",
                    "BertNormalizer, ByteLevel, Lowercase, NFC, NFD, NFKC, NFKD, Nmt, Precompiled, Prepend, Replace,"
                            + " Sequence, Strip, StripAccents"),
            entry(
                    "pre_tokenizer",
                    "BertPreTokenizer, ByteLevel, CharDelimiterSplit, Digits, Metaspace, Punctuation, Sequence, Split,"
                            + " UnicodeScripts, Whitespace, WhitespaceSplit"),
            entry("post_processor", "BertProcessing, ByteLevel, RobertaProcessing, Sequence, TemplateProcessing"),
            entry(
                    "decoder",
                    "BPEDecoder, ByteFallback, ByteLevel, CTC, Fuse, Metaspace, Replace, Sequence, Strip, WordPiece"));

    /**
     * Reads it.
     *
     * @throws Failure of kind {@link FailureKind#NOT_FOUND} if there is no {@code tokenizer.json},
     *     {@link FailureKind#BAD_CHECKPOINT} if it, or a file beside it, is damaged
     */
    static TokenizerFile read(Path modelDirectory) {
        Path path = modelDirectory.resolve("tokenizer.json");
        if (!Files.isRegularFile(path)) {
            throw FailureKind.NOT_FOUND.failure("'" + path + "' does not exist; make one with transformers:"
                    + " AutoTokenizer.from_pretrained(DIR, use_fast=True).save_pretrained(DIR)");
        }
        String json = text(path);
        ObjectNode tokenizer = parse(path, json);
        if (!tokenizer.path("model").isObject()) {
            throw damaged(path, "it has no section \"model\"", null);
        }
        requireAddedTokens(path, tokenizer.path("added_tokens"));
        boolean merged = AddedTokens.of(
                        optional(modelDirectory, "tokenizer_config.json"),
                        optional(modelDirectory, "special_tokens_map.json"),
                        optional(modelDirectory, "added_tokens.json"),
                        tokenizer.path("added_tokens"))
                .mergeInto(tokenizer);
        boolean deterministic = withoutDropout((ObjectNode) tokenizer.path("model"));
        if (!merged && deterministic) {
            return new TokenizerFile(path, json);
        }
        requireAddedTokens(path, tokenizer.path("added_tokens"));
        try {
            return new TokenizerFile(path, JSON.writeValueAsString(tokenizer));
        } catch (JsonProcessingException e) {
            throw damaged(path, OneLine.of(e.getOriginalMessage()), e);
        }
    }

    /**
     * Turns off what makes the tokens of a text random. It is meant for training; figures of random tokens could not be
     * made again.
     *
     * @return whether it was off
     */
    private static boolean withoutDropout(ObjectNode model) {
        if (!model.hasNonNull("dropout")) {
            return true;
        }
        model.putNull("dropout");
        return false;
    }

    /** Why the library did not take it. */
    Failure refused(TokenizerTrouble trouble) {
        if (trouble.kind() == TokenizerTrouble.Kind.KILLED) {
            return trouble.killed("the tokenizer '" + path + "' cannot be opened");
        }
        String unknown = unknownKind();
        String what = switch (trouble.kind()) {
            case REFUSED, OUT_OF_MEMORY -> "is not a tokenizer that can be read: ";
            case ENDED, KILLED -> "is not a tokenizer that can be read, the library gave up on it: ";
            case LATE -> "is not a tokenizer that can be used: ";
        };
        return FailureKind.BAD_CHECKPOINT.failure(
                "'" + path + "' " + what + unknown + OneLine.of(String.valueOf(trouble.getMessage()))
                        + "; download it again",
                trouble);
    }

    /** Names a section of a kind that the library does not know, of which it says no more than that nothing fits. */
    private String unknownKind() {
        JsonNode tokenizer = parse(path, json);
        for (Map.Entry<String, String> section : new TreeMap<>(KINDS).entrySet()) {
            JsonNode kind = tokenizer.path(section.getKey()).path("type");
            if (kind.isTextual() && !List.of(section.getValue().split(", ")).contains(kind.textValue())) {
                return "its " + section.getKey() + " is of the kind '" + OneLine.of(kind.textValue())
                        + "', and the known ones are " + section.getValue() + "; ";
            }
        }
        return "";
    }

    private static String text(Path path) {
        try {
            if (Files.size(path) > LARGEST) {
                throw damaged(path, "it has more than " + LARGEST + " bytes", null);
            }
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(Files.readAllBytes(path)))
                    .toString();
        } catch (CharacterCodingException e) {
            throw damaged(path, "it is not UTF-8", e);
        } catch (IOException e) {
            throw ReadFailure.of(path, e);
        }
    }

    private static ObjectNode parse(Path path, String json) {
        try {
            if (JSON.readTree(json) instanceof ObjectNode object) {
                return object;
            }
            throw damaged(path, "it does not hold a JSON object", null);
        } catch (JsonProcessingException e) {
            throw damaged(path, OneLine.of(e.getOriginalMessage()), e);
        }
    }

    private static @Nullable ObjectNode optional(Path modelDirectory, String name) {
        Path path = modelDirectory.resolve(name);
        return Files.isRegularFile(path) ? parse(path, text(path)) : null;
    }

    private static void requireAddedTokens(Path path, JsonNode addedTokens) {
        if (addedTokens.size() > MOST_ADDED_TOKENS) {
            throw damaged(
                    path,
                    "with the files beside it, it has " + addedTokens.size()
                            + " added tokens, and expected are at most " + MOST_ADDED_TOKENS,
                    null);
        }
        long characters = 0;
        for (JsonNode token : addedTokens) {
            int length = token.path("content").asText("").length();
            characters += length;
            if (length > LONGEST_ADDED_TOKEN || characters > MOST_ADDED_CHARACTERS) {
                throw damaged(
                        path,
                        "the added token with the id "
                                + OneLine.of(token.path("id").toString()) + " has " + length
                                + " characters; expected are at most " + LONGEST_ADDED_TOKEN + ", and "
                                + MOST_ADDED_CHARACTERS + " in all",
                        null);
            }
        }
    }

    private static Failure damaged(Path path, String what, @Nullable Throwable cause) {
        return FailureKind.BAD_CHECKPOINT.failure(
                "'" + path + "' is not a tokenizer that can be read: " + what + "; download it again", cause);
    }
}
