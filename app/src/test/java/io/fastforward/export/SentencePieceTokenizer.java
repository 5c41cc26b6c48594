package io.fastforward.export;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A tokenizer as transformers makes it of a SentencePiece model (BPE with byte fallback): pieces trained on a text, and as merges all
 * pairs of pieces that are a piece together, by the place of that.
 */
final class SentencePieceTokenizer {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String MARK = "▁";

    private final Set<String> pieces = new LinkedHashSet<>(List.of("<unk>", "<s>", "</s>"));
    private final List<String> products = new ArrayList<>();

    /** Trains some pieces beyond characters and bytes. */
    SentencePieceTokenizer(String text, int merges) {
        for (int value = 0; value < 256; value++) {
            pieces.add("<0x%02X>".formatted(value));
        }
        List<List<String>> words = new ArrayList<>();
        for (String word : text.split(" ", -1)) {
            words.add(new ArrayList<>(Arrays.asList((MARK + word).split("", -1))));
            pieces.addAll(words.getLast());
        }
        pieces.remove("");
        for (int i = 0; i < merges; i++) {
            Map<String, Integer> counts = new HashMap<>();
            for (List<String> word : words) {
                for (int at = 1; at < word.size(); at++) {
                    counts.merge(word.get(at - 1) + word.get(at), 1, Integer::sum);
                }
            }
            String product = counts.entrySet().stream()
                    .filter(entry -> !pieces.contains(entry.getKey()))
                    .max(Map.Entry.<String, Integer>comparingByValue().thenComparing(Map.Entry.comparingByKey()))
                    .orElseThrow()
                    .getKey();
            pieces.add(product);
            products.add(product);
            for (List<String> word : words) {
                for (int at = 1; at < word.size(); at++) {
                    if ((word.get(at - 1) + word.get(at)).equals(product)) {
                        word.set(at - 1, product);
                        word.remove(at);
                    }
                }
            }
        }
    }

    /** Writes {@code tokenizer.json}; spaces are marked by a normaliser, or as later versions of transformers do it. */
    void write(Path directory, boolean byNormalizer) throws IOException {
        ObjectNode tokenizer = JSON.createObjectNode();
        ArrayNode added = tokenizer.putArray("added_tokens");
        for (String special : List.of("<unk>", "<s>", "</s>")) {
            added.addObject()
                    .put("id", added.size() - 1)
                    .put("content", special)
                    .put("single_word", false)
                    .put("lstrip", false)
                    .put("rstrip", false)
                    .put("normalized", false)
                    .put("special", true);
        }
        tokenizer.set("normalizer", JSON.readTree(byNormalizer ? """
                {"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},
                 {"type":"Replace","pattern":{"String":" "},"content":"▁"}]}""" : "null"));
        tokenizer.set("pre_tokenizer", JSON.readTree(byNormalizer ? "null" : """
                {"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":false}"""));
        tokenizer.set("post_processor", JSON.readTree("""
                {"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A",
                 "type_id":0}}],"pair":[{"Sequence":{"id":"A","type_id":0}},{"Sequence":{"id":"B","type_id":1}}],
                 "special_tokens":{"<s>":{"id":"<s>","ids":[1],"tokens":["<s>"]}}}"""));
        tokenizer.set("decoder", JSON.readTree("""
                {"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},
                 {"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]}"""));
        ObjectNode model = tokenizer.putObject("model");
        model.put("type", "BPE").put("unk_token", "<unk>").put("fuse_unk", true).put("byte_fallback", true);
        ObjectNode vocabulary = model.putObject("vocab");
        pieces.forEach(piece -> vocabulary.put(piece, vocabulary.size()));
        ArrayNode merges = model.putArray("merges");
        for (String product : products) {
            for (int at = 1; at < product.length(); at++) {
                if (pieces.contains(product.substring(0, at)) && pieces.contains(product.substring(at))) {
                    merges.addArray().add(product.substring(0, at)).add(product.substring(at));
                }
            }
        }
        JSON.writeValue(directory.resolve("tokenizer.json").toFile(), tokenizer);
        JSON.writeValue(
                directory.resolve("tokenizer_config.json").toFile(),
                JSON.createObjectNode()
                        .put("bos_token", "<s>")
                        .put("eos_token", "</s>")
                        .put("unk_token", "<unk>"));
    }
}
