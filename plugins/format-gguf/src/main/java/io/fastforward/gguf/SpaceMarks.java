package io.fastforward.gguf;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * How a SentencePiece tokenizer marks spaces.
 *
 * @param beginsWithSpace whether a text is given a space at its beginning
 */
record SpaceMarks(boolean beginsWithSpace) {

    private static final String MARK = "▁";

    /**
     * Those of a tokenizer: by a normaliser as transformers 4 wrote it for LLaMA, or by a pre-tokenizer that cuts nothing.
     *
     * @throws UnsupportedTokenizerException if it does something else with texts
     */
    static SpaceMarks of(JsonNode tokenizer) {
        JsonNode normalizer = tokenizer.path("normalizer");
        JsonNode words = tokenizer.path("pre_tokenizer");
        boolean plainWords = words.isMissingNode() || words.isNull();
        if (plainWords && isReplace(normalizer)) {
            return new SpaceMarks(false);
        }
        JsonNode steps = normalizer.path("normalizers");
        if (plainWords
                && type(normalizer).equals("Sequence")
                && steps.size() == 2
                && type(steps.path(0)).equals("Prepend")
                && steps.path(0).path("prepend").asText().equals(MARK)
                && isReplace(steps.path(1))) {
            return new SpaceMarks(true);
        }
        if (plainWords && type(normalizer).equals("Sequence") && steps.size() == 1 && isReplace(steps.path(0))) {
            return new SpaceMarks(false);
        }
        boolean asIs = normalizer.isMissingNode() || normalizer.isNull();
        if (asIs
                && type(words).equals("Metaspace")
                && words.path("replacement").asText().equals(MARK)
                && !words.path("split").asBoolean(true)) {
            String scheme = words.path("prepend_scheme").asText("");
            VocabularyReader.refuseIf(
                    !scheme.matches("always|first|never"),
                    "its pre-tokenizer has the prepend_scheme '" + VocabularyReader.excerpt(scheme) + "'");
            return new SpaceMarks(!scheme.equals("never"));
        }
        throw VocabularyReader.refusal("its normaliser and pre-tokenizer are not those of SentencePiece's BPE: "
                + VocabularyReader.excerpt(normalizer.toString()) + " and "
                + VocabularyReader.excerpt(words.toString()));
    }

    private static boolean isReplace(JsonNode step) {
        return type(step).equals("Replace")
                && step.path("pattern").path("String").asText().equals(" ")
                && step.path("content").asText().equals(MARK);
    }

    private static String type(JsonNode section) {
        return section.path("type").asText("");
    }
}
