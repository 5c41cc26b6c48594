package io.fastforward.checkpoint;

import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fastforward.failure.Failure;
import io.fastforward.json.ForeignYaml;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a checkpoint says of its origin: the head of its model card ({@code README.md}), as the Hugging Face Hub has them, and the name
 * of the directory in a Hugging Face cache. What is not there, or not as it should be, is left out: nothing depends on it.
 *
 * @param hubName of the model on the Hub
 * @param licence id of the licence, such as {@code apache-2.0}
 * @param licenceName of a licence that has no id
 * @param licenceLink where its text is
 */
public record SourceCard(
        Optional<String> hubName,
        Optional<String> licence,
        Optional<String> licenceName,
        Optional<String> licenceLink) {

    private static final String FILE = "README.md";

    /** The head of a card has some hundred bytes. */
    private static final int MOST_BYTES = 64 << 10;

    private static final StreamReadConstraints LIMITS = StreamReadConstraints.builder()
            .maxNestingDepth(20)
            .maxDocumentLength(MOST_BYTES)
            .build();
    private static final Pattern HEAD = Pattern.compile("\\A\\uFEFF?---\\R(.*?)\\R---\\s*(\\R|\\z)", Pattern.DOTALL);
    private static final Pattern CACHED = Pattern.compile("models--([\\w.-]+?)--([\\w.-]+)");
    private static final Pattern WORD = Pattern.compile("[\\w.+-]{1,64}");
    private static final Pattern LINE = Pattern.compile("[^\\p{Cntrl}]{1,500}");

    static SourceCard of(ModelDirectory directory) {
        JsonNode head = head(directory);
        return new SourceCard(
                cachedName(directory),
                text(head, "license", WORD),
                text(head, "license_name", LINE),
                text(head, "license_link", LINE));
    }

    private static JsonNode head(ModelDirectory directory) {
        ObjectMapper yaml = new ObjectMapper(ForeignYaml.factory(LIMITS));
        try {
            Optional<Path> file = directory.find(FILE);
            if (file.isEmpty()) {
                return yaml.missingNode();
            }
            try (InputStream in = Files.newInputStream(file.get())) {
                Matcher head = HEAD.matcher(new String(in.readNBytes(MOST_BYTES), StandardCharsets.UTF_8));
                return head.find() ? yaml.readTree(head.group(1)) : yaml.missingNode();
            }
        } catch (Failure | IOException _) {
            return yaml.missingNode();
        }
    }

    private static Optional<String> text(JsonNode head, String name, Pattern allowed) {
        JsonNode value = head.path(name);
        JsonNode first = value.isArray() && value.size() == 1 ? value.get(0) : value;
        return Optional.ofNullable(first.textValue())
                .filter(text -> allowed.matcher(text).matches());
    }

    /** {@code …/models--OWNER--NAME/snapshots/COMMIT}. */
    private static Optional<String> cachedName(ModelDirectory directory) {
        for (Path part : directory.path().toAbsolutePath().normalize()) {
            Matcher cached = CACHED.matcher(part.toString());
            if (cached.matches()) {
                return Optional.of(cached.group(1) + "/" + cached.group(2));
            }
        }
        return Optional.empty();
    }
}
