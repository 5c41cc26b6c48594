package io.fastforward.export;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * The Python file that lets transformers load layers of different widths: that of the family, if it has one among our
 * resources, else the one for all families whose classes are called alike, with the family's name in it.
 */
final class ModellingFile {

    private static final String TEMPLATE = "modeling_fastforward.py.template";

    private ModellingFile() {}

    /**
     * The contents for a config that names the file.
     *
     * @param name of the file
     */
    static byte[] contents(String name, JsonNode config) {
        byte[] own = resource(name);
        if (own != null) {
            return own;
        }
        byte[] template = resource(TEMPLATE);
        if (template == null) {
            throw new IllegalStateException("the jar is not whole: " + TEMPLATE + " is missing");
        }
        String family = config.path("model_type").asText().replaceFirst("^fastforward_", "");
        String architecture = config.path("architectures").path(0).asText();
        return new String(template, StandardCharsets.UTF_8)
                .replace("${family}", family)
                .replace("${Family}", architecture.replaceFirst("^FastForward(.*)ForCausalLM$", "$1"))
                .getBytes(StandardCharsets.UTF_8);
    }

    private static byte @Nullable [] resource(String name) {
        try (InputStream in = ModellingFile.class.getResourceAsStream(name)) {
            return in == null ? null : in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + name + " from the jar", e);
        }
    }
}
