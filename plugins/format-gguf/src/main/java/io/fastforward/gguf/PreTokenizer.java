package io.fastforward.gguf;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * How a byte-level tokenizer cuts a text into words, by the names that llama.cpp has for the few ways it knows. Told from the
 * section {@code pre_tokenizer} of {@code tokenizer.json} alone: names of models and of classes say less, and often
 * something else.
 */
enum PreTokenizer {
    GPT_2("gpt-2"),
    /** Every digit is a word of its own. */
    SMOLLM("smollm"),
    QWEN2("qwen2"),
    /** Numbers of up to three digits; a word that is a token is not put together from merges. */
    LLAMA_3("llama-bpe"),
    /** Words of Llama 3, all of them put together from merges. */
    DBRX("dbrx");

    /** Contractions, letters, and what follows the numbers; digits differ. */
    private static final String WORDS_OF_LLAMA_3 = wordsWithNumbers("\\p{N}{1,3}");

    private static final String WORDS_OF_QWEN2 = wordsWithNumbers("\\p{N}");

    private final String id;

    PreTokenizer(String id) {
        this.id = id;
    }

    private static String wordsWithNumbers(String numbers) {
        return "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|" + numbers
                + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    }

    /** Its name in files. */
    String id() {
        return id;
    }

    /**
     * The one that a tokenizer has.
     *
     * @param section {@code pre_tokenizer}
     * @param ignoresMerges whether a word that is a token is taken as it is
     * @throws UnsupportedTokenizerException if llama.cpp has none that is equal to it
     */
    static PreTokenizer of(JsonNode section, boolean ignoresMerges) {
        PreTokenizer found = words(section, ignoresMerges);
        if (ignoresMerges != (found == LLAMA_3)) {
            throw new UnsupportedTokenizerException("words that are tokens are " + (ignoresMerges ? "not " : "")
                    + "put together from merges (ignore_merges), which llama.cpp does the other way round for '"
                    + found.id + "'");
        }
        return found;
    }

    private static PreTokenizer words(JsonNode section, boolean ignoresMerges) {
        if (isByteLevel(section, true)) {
            return GPT_2;
        }
        JsonNode parts = section.path("pretokenizers");
        if (text(section, "type").equals("Sequence") && parts.size() == 2) {
            JsonNode first = parts.path(0);
            JsonNode second = parts.path(1);
            if (text(first, "type").equals("Digits")
                    && first.path("individual_digits").booleanValue()
                    && isByteLevel(second, true)) {
                return SMOLLM;
            }
            if (isSplit(first, WORDS_OF_LLAMA_3) && isByteLevel(second, false)) {
                return ignoresMerges ? LLAMA_3 : DBRX;
            }
            if (isSplit(first, WORDS_OF_QWEN2) && isByteLevel(second, false)) {
                return QWEN2;
            }
        }
        throw new UnsupportedTokenizerException("its pre-tokenizer is none that llama.cpp is known to have: "
                + VocabularyReader.excerpt(section.toString())
                + "; supported are those of GPT-2, SmolLM, Llama 3 and Qwen2");
    }

    private static boolean isByteLevel(JsonNode section, boolean cuts) {
        return text(section, "type").equals("ByteLevel")
                && !section.path("add_prefix_space").asBoolean(true)
                && section.path("use_regex").asBoolean(true) == cuts;
    }

    private static boolean isSplit(JsonNode section, String words) {
        return text(section, "type").equals("Split")
                && text(section.path("pattern"), "Regex").equals(words)
                && text(section, "behavior").equals("Isolated")
                && !section.path("invert").asBoolean(false);
    }

    private static String text(JsonNode node, String key) {
        return node.path(key).asText("");
    }
}
