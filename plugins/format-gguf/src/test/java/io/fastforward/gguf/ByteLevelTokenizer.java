package io.fastforward.gguf;

import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A tokenizer of bytes, three special tokens and no merges, as Hugging Face keeps it, to be changed by tests. */
final class ByteLevelTokenizer {

    /** Writes even what is no character, as an escape. */
    static final ObjectMapper JSON =
            JsonMapper.builder().enable(JsonWriteFeature.ESCAPE_NON_ASCII).build();

    final ObjectNode tokenizer = JSON.createObjectNode();
    final ObjectNode model = tokenizer.putObject("model");
    final ObjectNode vocabulary = model.putObject("vocab");
    final ArrayNode added = tokenizer.putArray("added_tokens");
    final ObjectNode config = JSON.createObjectNode();

    ByteLevelTokenizer() {
        model.put("type", "BPE");
        model.putArray("merges");
        for (String token : List.of("<unk>", "<s>", "</s>")) {
            int id = vocabulary.size();
            vocabulary.put(token, id);
            added.addObject().put("id", id).put("content", token).put("special", true);
        }
        ByteAlphabet.GPT_2.letters().forEach(letter -> vocabulary.put(letter, vocabulary.size()));
        ObjectNode words = tokenizer.putObject("pre_tokenizer");
        words.put("type", "ByteLevel").put("add_prefix_space", false).put("use_regex", true);
        ObjectNode frame = tokenizer.putObject("post_processor").put("type", "TemplateProcessing");
        ArrayNode single = frame.putArray("single");
        single.addObject().putObject("SpecialToken").put("id", "<s>");
        single.addObject().putObject("Sequence").put("id", "A");
        config.put("bos_token", "<s>").put("eos_token", "</s>");
    }

    void write(Path directory) throws IOException {
        JSON.writeValue(directory.resolve("tokenizer.json").toFile(), tokenizer);
        JSON.writeValue(directory.resolve("tokenizer_config.json").toFile(), config);
    }

    Vocabulary read(Path directory, int rows) throws IOException {
        Files.createDirectories(directory);
        write(directory);
        return VocabularyReader.read(directory, rows, "{}");
    }
}
