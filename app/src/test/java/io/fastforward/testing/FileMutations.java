package io.fastforward.testing;

import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ContainerNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** Damages files at random, as bytes and as trees of JSON; the same seed gives the same damage. */
public final class FileMutations {

    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
            .disable(JsonWriteFeature.WRITE_NAN_AS_STRINGS)
            .build();

    /** Values that are likely to be mistaken for others, or to be computed with carelessly. */
    private static final List<String> TRICKY = List.of(
            "null",
            "true",
            "false",
            "0",
            "-0",
            "1",
            "-1",
            "2",
            "3",
            "0.5",
            "1e308",
            "1e-320",
            "1e999999",
            "NaN",
            "Infinity",
            "2147483647",
            "2147483648",
            "-2147483648",
            "4294967296",
            "9223372036854775807",
            "9223372036854775808",
            "1" + "0".repeat(200),
            "\"\"",
            "\"1\"",
            "\"null\"",
            "\"../../etc/passwd\"",
            "\"\\u0000\\u001b[2J\\n\\ud800\"",
            "\"" + "x".repeat(5_000) + "\"",
            "[]",
            "[null]",
            "[0,0,0,0,0,0,0,0,0]",
            "{}",
            "{\"\":{\"\":[]}}",
            "[".repeat(90) + "]".repeat(90));

    private final SplittableRandom random;

    public FileMutations(long seed) {
        this.random = new SplittableRandom(seed);
    }

    /** How many cases to try: those that the system property {@code fastforward.fuzz.cases} asks for, or a few. */
    public static int cases(int few) {
        return Integer.getInteger("fastforward.fuzz.cases", few);
    }

    /** One of several. */
    public <T> T oneOf(List<T> choices) {
        return choices.get(random.nextInt(choices.size()));
    }

    /** Whether something of a probability happens. */
    public boolean happens(double probability) {
        return random.nextDouble() < probability;
    }

    /** A file with one to three places damaged: bits flipped, cut off, bytes inserted, repeated, or taken away. */
    public byte[] ofBytes(byte[] file) {
        byte[] damaged = file;
        for (int n = random.nextInt(1, 4); n > 0; n--) {
            damaged = ofOnePlace(damaged);
        }
        return damaged;
    }

    /** A JSON file with one to three places of its tree changed. */
    public byte[] ofJson(byte[] file) {
        try {
            JsonNode root = JSON.readTree(file);
            for (int n = random.nextInt(1, 4); n > 0; n--) {
                List<ContainerNode<?>> containers = new ArrayList<>();
                collect(root, containers);
                if (!containers.isEmpty()) {
                    change(oneOf(containers), root);
                }
            }
            return JSON.writeValueAsBytes(random.nextInt(100) == 0 ? JSON.readTree(oneOf(TRICKY)) : root);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private byte[] ofOnePlace(byte[] file) {
        int at = random.nextInt(file.length + 1);
        int length = Math.min(file.length - at, random.nextInt(1, 20));
        byte[] before = Arrays.copyOf(file, at);
        return switch (random.nextInt(5)) {
            case 0 -> flipBit(file, at);
            case 1 -> before;
            case 2 -> joined(before, noise(), Arrays.copyOfRange(file, at, file.length));
            case 3 -> joined(Arrays.copyOf(file, at + length), Arrays.copyOfRange(file, at, file.length));
            default -> joined(before, Arrays.copyOfRange(file, at + length, file.length));
        };
    }

    private byte[] flipBit(byte[] file, int at) {
        byte[] flipped = file.clone();
        if (at < file.length) {
            flipped[at] ^= (byte) (1 << random.nextInt(8));
        }
        return flipped;
    }

    private byte[] noise() {
        byte[] noise = new byte[random.nextInt(1, 9)];
        random.nextBytes(noise);
        return noise;
    }

    private static byte[] joined(byte[]... parts) {
        byte[] all = new byte[Arrays.stream(parts).mapToInt(part -> part.length).sum()];
        int at = 0;
        for (byte[] part : parts) {
            System.arraycopy(part, 0, all, at, part.length);
            at += part.length;
        }
        return all;
    }

    private static void collect(JsonNode node, List<ContainerNode<?>> containers) {
        if (node instanceof ContainerNode<?> container && !container.isEmpty()) {
            containers.add(container);
        }
        node.forEach(child -> collect(child, containers));
    }

    private void change(ContainerNode<?> container, JsonNode root) throws IOException {
        JsonNode value = switch (random.nextInt(4)) {
            case 0 -> JSON.getNodeFactory().numberNode(random.nextInt(-2, 40));
            case 1 -> oneOf(valuesBelow(root)).deepCopy();
            default -> JSON.readTree(oneOf(TRICKY));
        };
        switch (container) {
            case ObjectNode object -> {
                List<String> names = new ArrayList<>();
                object.fieldNames().forEachRemaining(names::add);
                String name = oneOf(names);
                switch (random.nextInt(4)) {
                    case 0 -> object.remove(name);
                    case 1 -> object.set(oneOf(names) + oneOf(List.of("", "s", "_", "\n")), value);
                    default -> object.set(name, value);
                }
            }
            case ArrayNode array -> {
                int at = random.nextInt(array.size());
                switch (random.nextInt(3)) {
                    case 0 -> array.remove(at);
                    case 1 -> array.insert(at, value);
                    default -> array.set(at, value);
                }
            }
            default -> throw new IllegalStateException("a container is an object or an array");
        }
    }

    private static List<JsonNode> valuesBelow(JsonNode root) {
        List<JsonNode> values = new ArrayList<>(List.of(root));
        for (int i = 0; i < values.size() && values.size() < 1_000; i++) {
            values.get(i).forEach(values::add);
        }
        return values;
    }
}
