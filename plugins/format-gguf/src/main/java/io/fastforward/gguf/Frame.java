package io.fastforward.gguf;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.util.List;
import java.util.Optional;

/**
 * The special tokens that a tokenizer puts around a text.
 *
 * @param first before it
 * @param last behind it
 */
record Frame(Optional<String> first, Optional<String> last) {

    /**
     * That of a tokenizer's {@code post_processor}.
     *
     * @throws UnsupportedTokenizerException if it puts anything else around a text than one token before and one behind it
     */
    static Frame of(JsonNode section) {
        JsonNode template = MissingNode.getInstance();
        for (JsonNode step :
                section.path("type").asText("").equals("Sequence") ? section.path("processors") : List.of(section)) {
            switch (step.path("type").asText("")) {
                case "", "ByteLevel" -> {} // offsets are not of interest
                case "TemplateProcessing" -> {
                    VocabularyReader.refuseIf(!template.isMissingNode(), "it has two templates for a text");
                    template = step.path("single");
                }
                default ->
                    throw VocabularyReader.refusal(
                            "its post-processor is unknown: " + VocabularyReader.excerpt(step.toString()));
            }
        }
        if (template.isMissingNode()) {
            return new Frame(Optional.empty(), Optional.empty());
        }
        int text = 0;
        while (text < template.size() && !template.path(text).has("Sequence")) {
            text++;
        }
        VocabularyReader.refuseIf(
                text > 1 || template.size() - text < 1 || template.size() - text > 2,
                "it puts more than a token before a text and one behind it: "
                        + VocabularyReader.excerpt(template.toString()));
        return new Frame(token(template.path(text - 1)), token(template.path(text + 1)));
    }

    private static Optional<String> token(JsonNode part) {
        String token = part.path("SpecialToken").path("id").asText("");
        VocabularyReader.refuseIf(part.has("Sequence"), "it gives a text back twice");
        return token.isEmpty() ? Optional.empty() : Optional.of(token);
    }
}
