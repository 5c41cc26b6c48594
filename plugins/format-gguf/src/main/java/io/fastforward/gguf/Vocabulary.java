package io.fastforward.gguf;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A tokenizer, as llama.cpp wants it.
 *
 * @param pieces the tokens, and how texts become such
 * @param special which token is the first of a text, the last one and so on, by the names of keys: {@code bos}, {@code eos}, …
 * @param begins whether a text begins with the first of these
 * @param ends whether it ends with the last one
 * @param chatTemplates by their names; the usual one has none
 */
record Vocabulary(
        Pieces pieces, Map<String, Integer> special, boolean begins, boolean ends, Map<String, String> chatTemplates) {

    /** The tokens, and how texts become such. */
    sealed interface Pieces {

        /** Texts of tokens by number, those of bytes in the form that the file has. */
        List<String> tokens();

        /** What each token is. */
        List<TokenType> types();
    }

    /**
     * Byte-level BPE (Radford et al., 2019): words of bytes, put together by merges, the first of the list first.
     *
     * @param words how a text is cut into words
     * @param merges pairs, with a space between their halves
     */
    record ByteLevel(List<String> tokens, List<TokenType> types, PreTokenizer words, List<String> merges)
            implements Pieces {
        ByteLevel {
            tokens = List.copyOf(tokens);
            types = List.copyOf(types);
            merges = List.copyOf(merges);
        }
    }

    /**
     * SentencePiece's BPE (Kudo and Richardson, 2018): neighbours that are a token together become it, the one with the
     * highest score first; characters that are no token become bytes.
     *
     * @param scores one for each token
     * @param beginsWithSpace whether a text is given a space at its beginning
     */
    record SentencePiece(List<String> tokens, List<TokenType> types, List<Float> scores, boolean beginsWithSpace)
            implements Pieces {
        SentencePiece {
            tokens = List.copyOf(tokens);
            types = List.copyOf(types);
            scores = List.copyOf(scores);
        }
    }

    Vocabulary {
        special = Map.copyOf(special);
        chatTemplates = Map.copyOf(chatTemplates);
    }

    /** Keys and values of the file. */
    Map<String, MetadataValue> metadata() {
        Map<String, MetadataValue> metadata = new LinkedHashMap<>();
        switch (pieces) {
            case ByteLevel bytes -> {
                metadata.put("tokenizer.ggml.model", new MetadataValue.Text("gpt2"));
                metadata.put(
                        "tokenizer.ggml.pre",
                        new MetadataValue.Text(bytes.words().id()));
                metadata.put("tokenizer.ggml.merges", new MetadataValue.Texts(bytes.merges()));
            }
            case SentencePiece pairs -> {
                metadata.put("tokenizer.ggml.model", new MetadataValue.Text("llama"));
                metadata.put("tokenizer.ggml.pre", new MetadataValue.Text("default"));
                metadata.put("tokenizer.ggml.scores", new MetadataValue.Reals(pairs.scores()));
                metadata.put("tokenizer.ggml.add_space_prefix", new MetadataValue.Flag(pairs.beginsWithSpace()));
            }
        }
        metadata.put("tokenizer.ggml.tokens", new MetadataValue.Texts(pieces.tokens()));
        metadata.put(
                "tokenizer.ggml.token_type",
                new MetadataValue.Integers(
                        pieces.types().stream().map(TokenType::code).toList()));
        special.entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .forEach(entry -> metadata.put(
                        "tokenizer.ggml." + entry.getKey() + "_token_id", new MetadataValue.Count(entry.getValue())));
        metadata.put("tokenizer.ggml.add_bos_token", new MetadataValue.Flag(begins));
        metadata.put("tokenizer.ggml.add_eos_token", new MetadataValue.Flag(ends));
        List<String> named = new ArrayList<>();
        chatTemplates.entrySet().stream().sorted(Map.Entry.comparingByKey()).forEach(entry -> {
            String name = entry.getKey();
            metadata.put(
                    "tokenizer.chat_template" + (name.isEmpty() ? "" : "." + name),
                    new MetadataValue.Text(entry.getValue()));
            if (!name.isEmpty()) {
                named.add(name);
            }
        });
        if (!named.isEmpty()) {
            metadata.put("tokenizer.chat_templates", new MetadataValue.Texts(named));
        }
        return metadata;
    }
}
