package io.fastforward.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The tokens that the files beside {@code tokenizer.json} add to those that it has, in the order, and with the flags,
 * that transformers 5 gives them. The library numbers them: those that the vocabulary has keep their ids, the others
 * get the next free ones, whatever ids the files say.
 *
 * @param tokens in the order in which they are added; later ones change the flags of earlier ones with the same text
 */
record AddedTokens(List<Token> tokens) {

    private static final List<String> NAMED =
            List.of("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token");

    private static final String EXTRA = "extra_special_tokens";
    private static final String LEGACY_EXTRA = "additional_special_tokens";

    /**
     * An added token.
     *
     * @param content its text
     * @param singleWord whether it is found as a word of its own alone
     * @param leftStrip whether it takes the white space before it
     * @param rightStrip whether it takes the white space after it
     * @param normalized whether it is looked for in the normalised text
     * @param special whether it is left out of texts for people
     */
    record Token(
            String content,
            boolean singleWord,
            boolean leftStrip,
            boolean rightStrip,
            boolean normalized,
            boolean special) {

        /** One of which nothing but its text is known. */
        static Token named(String content, boolean special) {
            return new Token(content, false, false, false, !special, special);
        }

        /** As it is stored; special tokens are not normalised unless it says so. */
        static Token of(JsonNode stored, boolean alwaysSpecial) {
            boolean special = alwaysSpecial || stored.path("special").asBoolean(false);
            return new Token(
                    stored.path("content").asText(""),
                    stored.path("single_word").asBoolean(false),
                    stored.path("lstrip").asBoolean(false),
                    stored.path("rstrip").asBoolean(false),
                    stored.path("normalized").asBoolean(!special),
                    special);
        }

        Token asSpecial() {
            return new Token(content, singleWord, leftStrip, rightStrip, normalized, true);
        }
    }

    AddedTokens {
        tokens = List.copyOf(tokens);
    }

    /**
     * What the files add.
     *
     * @param config {@code tokenizer_config.json}, if there is one
     * @param specialTokensMap {@code special_tokens_map.json}, which counts if the former does not list added tokens
     * @param legacy {@code added_tokens.json}, likewise
     * @param own the added tokens of {@code tokenizer.json}
     */
    static AddedTokens of(
            @Nullable ObjectNode config,
            @Nullable ObjectNode specialTokensMap,
            @Nullable ObjectNode legacy,
            JsonNode own) {
        ObjectNode settings = config == null ? JsonNodeFactory.instance.objectNode() : config.deepCopy();
        Map<Long, Token> decoder = new TreeMap<>();
        JsonNode legacyExtra = settings.remove(LEGACY_EXTRA);
        if (legacyExtra != null && !settings.has(EXTRA)) {
            settings.set(EXTRA, legacyExtra);
        }
        if (settings.path("added_tokens_decoder").isObject()) {
            settings.path("added_tokens_decoder")
                    .properties()
                    .forEach(entry -> putNumbered(decoder, entry.getKey(), Token.of(entry.getValue(), false)));
        } else {
            if (specialTokensMap != null) {
                specialTokensMap.properties().forEach(entry -> override(settings, entry.getKey(), entry.getValue()));
            }
            if (legacy != null) {
                Set<String> special = new HashSet<>();
                NAMED.forEach(name -> special.add(content(settings.path(name))));
                settings.path(EXTRA).forEach(token -> special.add(content(token)));
                legacy.properties()
                        .forEach(entry -> decoder.put(
                                entry.getValue().asLong(),
                                Token.named(entry.getKey(), special.contains(entry.getKey()))));
            }
            own.forEach(token -> decoder.put(token.path("id").asLong(), Token.of(token, false)));
            if (settings.has(LEGACY_EXTRA) && !settings.has(EXTRA)) {
                settings.set(EXTRA, settings.path(LEGACY_EXTRA));
            }
        }
        return new AddedTokens(inOrder(settings, decoder, own));
    }

    /**
     * Adds them to the section of a tokenizer.
     *
     * @return whether that changes anything
     */
    boolean mergeInto(ObjectNode tokenizer) {
        Map<String, Token> known = new LinkedHashMap<>();
        tokenizer.path("added_tokens").forEach(stored -> known.put(content(stored), Token.of(stored, false)));
        boolean changed = false;
        if (!tokenizer.has("added_tokens")) {
            tokenizer.putArray("added_tokens");
        }
        if (!(tokenizer.path("added_tokens") instanceof ArrayNode section)) {
            return false; // the library will say what is wrong
        }
        for (Token token : tokens) {
            @Nullable Token before = known.get(token.content());
            // Once special, always special: the library keeps a list of them.
            Token merged = before != null && before.special() ? token.asSpecial() : token;
            if (token.content().isEmpty() || merged.equals(before)) {
                continue;
            }
            changed = true;
            known.put(token.content(), merged);
            if (before == null) {
                write(merged, section.addObject().put("id", 0));
            } else {
                section.forEach(stored -> {
                    if (stored instanceof ObjectNode object && content(object).equals(merged.content())) {
                        write(merged, object);
                    }
                });
            }
        }
        return changed;
    }

    private static List<Token> inOrder(ObjectNode settings, Map<Long, Token> decoder, JsonNode own) {
        Map<String, JsonNode> named = new LinkedHashMap<>();
        NAMED.forEach(name -> named.put(name, settings.path(name)));
        settings.properties().forEach(entry -> {
            if (entry.getKey().endsWith("_token")) {
                named.putIfAbsent(entry.getKey(), entry.getValue());
            }
        });
        JsonNode extra = settings.path(EXTRA);
        if (extra.isObject() && !extra.has("content")) {
            extra.properties().forEach(entry -> named.put(entry.getKey(), entry.getValue()));
        }
        Set<String> names = new HashSet<>();
        named.values().forEach(value -> names.add(content(value)));
        Set<String> there = new HashSet<>();
        own.forEach(token -> there.add(content(token)));
        List<Token> tokens = new ArrayList<>();
        for (Token token : decoder.values()) {
            tokens.add(names.contains(token.content()) ? token.asSpecial() : token);
            there.add(token.content());
        }
        named.values().forEach(value -> addMissing(value, there, tokens));
        if (extra.isArray()) {
            extra.forEach(value -> addMissing(value, there, tokens));
        }
        return tokens;
    }

    private static void addMissing(JsonNode value, Set<String> there, List<Token> tokens) {
        String content = content(value);
        if (!content.isEmpty() && there.add(content)) {
            tokens.add(value.isTextual() ? Token.named(content, true) : Token.of(value, true));
        }
    }

    /** What the map of special tokens says overrides the configuration, but extra tokens join those that there are. */
    private static void override(ObjectNode settings, String key, JsonNode value) {
        if (key.equals(EXTRA) && value.isArray()) {
            ArrayNode joined = settings.path(EXTRA).isArray()
                    ? settings.path(EXTRA).deepCopy()
                    : JsonNodeFactory.instance.arrayNode();
            value.forEach(joined::add);
            settings.set(EXTRA, joined);
        } else {
            settings.set(key, value);
        }
    }

    private static void putNumbered(Map<Long, Token> decoder, String id, Token token) {
        try {
            decoder.put(Long.valueOf(id), token);
        } catch (NumberFormatException _) {
            decoder.put(Long.MAX_VALUE - decoder.size(), token); // the number has no other use than the order
        }
    }

    /** The text of a token, which is stored as a string or as an object; empty if it is neither. */
    private static String content(JsonNode token) {
        return token.isTextual() ? token.textValue() : token.path("content").asText("");
    }

    private static void write(Token token, ObjectNode to) {
        to.put("content", token.content());
        to.put("single_word", token.singleWord());
        to.put("lstrip", token.leftStrip());
        to.put("rstrip", token.rightStrip());
        to.put("normalized", token.normalized());
        to.put("special", token.special());
    }
}
