package io.fastforward.export;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The Python file that lets transformers load layers of different widths: that of the family, if it has one among our
 * resources, else the one for all families whose classes are called alike, with the family's name in it.
 *
 * @param name its name
 * @param contents what is in it
 */
record ModellingFile(String name, byte[] contents) {

    private static final String TEMPLATE = "modeling_fastforward.py.template";

    /** The file that a config calls for in {@code auto_map}; empty if it needs none. */
    static Optional<ModellingFile> of(JsonNode config) {
        String reference = config.path("auto_map").path("AutoModelForCausalLM").asText();
        if (reference.isEmpty()) {
            return Optional.empty();
        }
        String name = reference.substring(0, reference.indexOf('.')) + ".py";
        byte[] own = resource(name);
        return Optional.of(new ModellingFile(name, own != null ? own : fromTemplate(config)));
    }

    /** One of our resources. */
    static ModellingFile named(String name) {
        return new ModellingFile(name, required(name));
    }

    private static byte[] fromTemplate(JsonNode config) {
        byte[] template = required(TEMPLATE);
        String family = config.path("model_type").asText().replaceFirst("^fastforward_", "");
        String architecture = config.path("architectures").path(0).asText();
        return new String(template, StandardCharsets.UTF_8)
                .replace("${family}", family)
                .replace("${Family}", architecture.replaceFirst("^FastForward(.*)ForCausalLM$", "$1"))
                .getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] required(String name) {
        byte[] contents = resource(name);
        if (contents == null) {
            throw new IllegalStateException("the jar is not whole: " + name + " is missing");
        }
        return contents;
    }

    private static byte @Nullable [] resource(String name) {
        try (InputStream in = ModellingFile.class.getResourceAsStream(name)) {
            return in == null ? null : in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + name + " from the jar", e);
        }
    }
}
