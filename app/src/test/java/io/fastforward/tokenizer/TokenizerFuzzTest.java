package io.fastforward.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ContainerNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.testing.DemoModel;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Damages tokenizers of every kind at random, opens them, encodes and decodes. The outcome is tokens, or a failure that
 * the user can read; anything else that is thrown, and an end of this process, fails the test. What the library does to
 * the process that it runs in is counted.
 *
 * <p>{@code -Dfastforward.fuzz.cases=10000} sets the number of cases, {@code -Dfastforward.fuzz.seed=1} where their
 * random numbers begin, {@code -Dfastforward.fuzz.tokenizers=FILE:FILE} adds files to damage.
 */
class TokenizerFuzzTest {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final List<String> TEXTS = List.of(
            "",
            "The tokens of a text, known to the model.",
            " \t\n\u0000 <s></s>[CLS] <|extra|> é\u0301 東京 \uD83D\uDE00",
            "a".repeat(3_000));
    private static final List<String> SECTIONS =
            List.of("model", "normalizer", "pre_tokenizer", "post_processor", "decoder", "added_tokens", "padding");
    private static final List<String> TYPES = List.of(
            "BPE",
            "WordPiece",
            "WordLevel",
            "Unigram",
            "Sequence",
            "ByteLevel",
            "Metaspace",
            "Replace",
            "Split",
            "Strip",
            "Precompiled",
            "Prepend",
            "NFKC",
            "BertNormalizer",
            "BertPreTokenizer",
            "TemplateProcessing",
            "BertProcessing",
            "RobertaProcessing",
            "ByteFallback",
            "Fuse",
            "CTC",
            "BPEDecoder",
            "Punctuation",
            "Digits");
    private static final List<String> VALUES = List.of(
            "null",
            "true",
            "0",
            "-1",
            "1",
            "3",
            "0.5",
            "1e300",
            "4294967295",
            "4294967296",
            "18446744073709551615",
            "\"\"",
            "\"a\"",
            "\" \"",
            "\"\\u0000\"",
            "\"\\ud800\"",
            "\"東\"",
            "\"<unk>\"",
            "\"AAAA\"",
            "\"▁\"",
            "[]",
            "{}",
            "[[]]",
            "[\"a\",\"b\"]",
            "[\"\",0]",
            "{\"String\":\"\"}",
            "{\"Regex\":\"(a|a)*$\"}",
            "{\"Regex\":\"(\"}",
            "{\"Regex\":\"\"}",
            "{\"type\":\"Sequence\",\"normalizers\":[]}",
            "{\"type\":\"Split\",\"pattern\":{\"Regex\":\"(?=a)\"},\"behavior\":\"Isolated\",\"invert\":true}",
            "{\"type\":\"Replace\",\"pattern\":{\"String\":\"\"},\"content\":\"xx\"}",
            "{\"type\":\"Prepend\",\"prepend\":\"\"}",
            "{\"type\":\"Strip\",\"content\":\"a\",\"start\":99,\"stop\":99}",
            "{\"type\":\"Metaspace\",\"replacement\":\"\",\"prepend_scheme\":\"always\",\"split\":true}");

    private static final Map<String, String> COMPANIONS = new TreeMap<>(Map.of(
            "added_tokens.json",
            "{\"<|extra|>\": 1024, \"a\": -1, \"\": 0, \"<s>\": 7}",
            "special_tokens_map.json",
            "{\"bos_token\": \"<s>\", \"pad_token\": {\"content\": \"<|extra|>\", \"lstrip\": true},"
                    + " \"additional_special_tokens\": [\"</s>\", {\"content\": \"x\"}]}",
            "tokenizer_config.json",
            "{\"eos_token\": {\"content\": \"</s>\"}, \"image_token\": \"y\", \"extra_special_tokens\": [\"z\"],"
                    + " \"added_tokens_decoder\": {\"0\": {\"content\": \"<s>\", \"normalized\": true}}}"));

    @TempDir
    private Path directory;

    private final Map<String, Integer> outcomes = new TreeMap<>();
    private @Nullable TokenizerProcess process;

    @Test
    void noDamagedTokenizerEndsOrStopsThisProcess() throws IOException {
        int cases = Integer.getInteger("fastforward.fuzz.cases", 1000);
        long firstSeed = Long.getLong("fastforward.fuzz.seed", 1);
        List<String> sound = new ArrayList<>();
        for (Path file : files()) {
            sound.add(Files.readString(file));
        }
        long start = System.nanoTime();
        try {
            for (int i = 0; i < cases; i++) {
                long seed = firstSeed + i;
                try {
                    run(new SplittableRandom(seed), sound);
                } catch (RuntimeException | AssertionError e) {
                    throw new AssertionError("the case with the seed " + seed, e);
                }
            }
        } finally {
            end();
        }
        assertThat(outcomes.values().stream().mapToInt(Integer::intValue).sum()).isEqualTo(cases);
        assertThat(outcomes).containsKeys("tokens", "refused in Java", "refused by the library");
        System.out.printf(
                "fuzz of tokenizers: %d cases in %.0f s, 0 aborts of this process; %s%n",
                cases, (System.nanoTime() - start) / 1e9, outcomes);
    }

    private static List<Path> files() throws IOException {
        List<Path> files = new ArrayList<>();
        files.add(DemoModel.directory().resolve("tokenizer.json"));
        files.add(TokenizerTest.RESOURCES.resolve("tokenizer.json"));
        try (Stream<Path> kinds = Files.list(TokenizerTest.RESOURCES.resolve("kinds"))) {
            kinds.sorted().forEach(files::add);
        }
        Arrays.stream(System.getProperty("fastforward.fuzz.tokenizers", "").split(File.pathSeparator))
                .filter(name -> !name.isEmpty())
                .map(Path::of)
                .forEach(files::add);
        return files;
    }

    private void run(SplittableRandom random, List<String> sound) throws IOException {
        String json = sound.get(random.nextInt(sound.size()));
        byte[] damaged = random.nextInt(4) == 0 ? damageBytes(random, json) : damageTree(random, json, sound);
        Files.write(directory.resolve("tokenizer.json"), damaged);
        for (Map.Entry<String, String> beside : COMPANIONS.entrySet()) {
            Files.deleteIfExists(directory.resolve(beside.getKey()));
            if (random.nextInt(8) == 0) {
                byte[] companion = random.nextBoolean()
                        ? damageBytes(random, beside.getValue())
                        : damageTree(random, beside.getValue(), sound);
                Files.write(directory.resolve(beside.getKey()), companion);
            }
        }
        outcomes.merge(outcome(), 1, Integer::sum);
    }

    private String outcome() {
        TokenizerFile file;
        try {
            file = TokenizerFile.read(directory);
        } catch (Failure e) {
            requireReadable(e);
            return "refused in Java";
        }
        if (process == null || !process.isAlive()) {
            process = TokenizerProcess.start(PATIENCE);
        }
        try {
            process.open(file.json());
            for (String text : TEXTS) {
                int[] ids = process.encode(text, true);
                process.decode(ids, false);
                process.decode(ids, true);
            }
            return "tokens";
        } catch (TokenizerTrouble e) {
            requireReadable(file.refused(e));
            return switch (e.kind()) {
                case REFUSED -> "refused by the library";
                case ENDED -> "aborts of the library's process";
                case LATE -> "library's process ended for being late";
                case OUT_OF_MEMORY -> "out of memory";
                case KILLED -> "killed from outside";
            };
        }
    }

    private static void requireReadable(Failure failure) {
        assertThat(failure.kind()).isEqualTo(FailureKind.BAD_CHECKPOINT);
        assertThat(failure.getMessage()).hasLineCount(1).hasSizeLessThan(1_000).contains("download it again");
    }

    private void end() {
        if (process != null) {
            process.close();
        }
    }

    /** Cuts the file, or changes some of its bytes, or some of its numbers. */
    private static byte[] damageBytes(SplittableRandom random, String json) {
        byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
        switch (random.nextInt(3)) {
            case 0 -> bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length));
            case 1 -> {
                for (int i = random.nextInt(1, 4); i > 0; i--) {
                    bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
                }
            }
            default -> {
                String punctuation = "{}[]\",:0123456789\\";
                for (int i = random.nextInt(1, 4); i > 0; i--) {
                    bytes[random.nextInt(bytes.length)] =
                            (byte) punctuation.charAt(random.nextInt(punctuation.length()));
                }
            }
        }
        return bytes;
    }

    /** Changes some nodes of the tree; the file stays valid JSON. */
    private static byte[] damageTree(SplittableRandom random, String json, List<String> sound) throws IOException {
        ObjectNode root = (ObjectNode) JSON.readTree(json);
        for (int i = random.nextInt(3) == 0 ? 2 : 1; i > 0; i--) {
            switch (random.nextInt(8)) {
                case 0 -> {
                    String section = SECTIONS.get(random.nextInt(SECTIONS.size()));
                    JsonNode other = JSON.readTree(sound.get(random.nextInt(sound.size())));
                    root.set(section, other.path(section));
                }
                case 1 -> {
                    byte[] map = new byte[random.nextInt(0, 64)];
                    random.nextBytes(map);
                    if (map.length > 4 && random.nextBoolean()) { // a size that fits
                        Arrays.fill(map, 0, 4, (byte) 0);
                        map[0] = (byte) ((map.length - 4) / 2 & ~3);
                    }
                    root.putObject("normalizer")
                            .put("type", "Precompiled")
                            .put("precompiled_charsmap", Base64.getEncoder().encodeToString(map));
                }
                default -> damageNode(random, root);
            }
        }
        return JSON.writeValueAsBytes(root);
    }

    private static void damageNode(SplittableRandom random, ObjectNode root) throws IOException {
        ContainerNode<?> node = root;
        while (true) {
            List<String> keys = new ArrayList<>();
            if (node instanceof ObjectNode object) {
                object.fieldNames().forEachRemaining(keys::add);
            } else {
                for (int i = 0; i < node.size(); i++) {
                    keys.add(String.valueOf(i));
                }
            }
            if (keys.isEmpty()) {
                return;
            }
            String key = keys.get(random.nextInt(keys.size()));
            JsonNode child = node instanceof ObjectNode ? node.get(key) : node.get(Integer.parseInt(key));
            if (child instanceof ContainerNode<?> inner && !inner.isEmpty() && random.nextInt(5) > 0) {
                node = inner;
                continue;
            }
            replace(random, node, key, child);
            return;
        }
    }

    private static void replace(SplittableRandom random, ContainerNode<?> parent, String key, JsonNode child)
            throws IOException {
        JsonNode value = random.nextInt(4) == 0 && key.equals("type")
                ? JSON.getNodeFactory().textNode(TYPES.get(random.nextInt(TYPES.size())))
                : value(random, child);
        if (parent instanceof ObjectNode object) {
            switch (random.nextInt(5)) {
                case 0 -> object.remove(key);
                case 1 -> object.set(key + random.nextInt(3), child);
                default -> object.set(key, value);
            }
        } else if (parent instanceof ArrayNode array) {
            int index = Integer.parseInt(key);
            switch (random.nextInt(5)) {
                case 0 -> array.remove(index);
                case 1 -> array.insert(index, child.deepCopy());
                default -> array.set(index, value);
            }
        }
    }

    private static JsonNode value(SplittableRandom random, JsonNode child) throws IOException {
        return switch (random.nextInt(6)) {
            case 0 -> JSON.getNodeFactory().textNode("x".repeat(1 << random.nextInt(15)));
            case 1 ->
                JSON.readTree(String.join("", Collections.nCopies(40, "{\"type\":\"Sequence\",\"normalizers\":["))
                        + String.join("", Collections.nCopies(40, "]}")));
            case 2 ->
                child.isTextual()
                        ? JSON.getNodeFactory().textNode(child.textValue() + child.textValue())
                        : JSON.readTree(VALUES.get(random.nextInt(VALUES.size())));
            default -> JSON.readTree(VALUES.get(random.nextInt(VALUES.size())));
        };
    }
}
