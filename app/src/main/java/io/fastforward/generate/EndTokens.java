package io.fastforward.generate;

import com.fasterxml.jackson.databind.JsonNode;
import io.fastforward.model.Model;
import java.util.HashSet;
import java.util.Set;

/** The tokens after which a model has nothing more to say. */
public final class EndTokens {

    private EndTokens() {}

    /** {@code eos_token_id} of generation_config.json or config.json: a token, several, or none. */
    public static Set<Integer> of(Model model) {
        JsonNode ends = model.checkpoint()
                .generationConfig()
                .orElseGet(() -> model.checkpoint().config())
                .path("eos_token_id");
        Set<Integer> tokens = new HashSet<>();
        if (ends.isInt()) {
            tokens.add(ends.intValue());
        }
        ends.forEach(token -> tokens.add(token.asInt(-1)));
        return tokens;
    }
}
