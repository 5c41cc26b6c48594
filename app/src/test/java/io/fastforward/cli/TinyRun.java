package io.fastforward.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fastforward.testing.DemoModel;
import io.fastforward.testing.RandomLlama;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * A run on a random model of two small layers, which takes a fraction of a second, and its record.
 *
 * @param directory holds the model, the text, the output {@code out} and the record {@code out-run}
 */
record TinyRun(Path directory) {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int TEXT = 20_000;

    /** What another run of the same command may differ in. */
    private static final Set<String> OF_ONE_RUN = Set.of("seconds", "sha256", "run", "output", "runDirectory");

    /** Writes model and text into an empty directory. */
    static TinyRun in(Path directory) throws IOException {
        return of(directory, new RandomLlama());
    }

    /** Likewise, of another model of this kind. */
    static TinyRun of(Path directory, RandomLlama llama) throws IOException {
        Path model = llama.with("vocab_size", "1024").write(directory.resolve("model"));
        Files.copy(DemoModel.directory().resolve("tokenizer.json"), model.resolve("tokenizer.json"));
        String text = Files.readString(DemoModel.directory().resolve("calibration.txt"));
        Files.writeString(directory.resolve("text"), text.substring(0, TEXT));
        return new TinyRun(directory);
    }

    /** Its command line. */
    SmallRun command() {
        return SmallRun.into(output())
                .of(directory.resolve("model"))
                .with("--calibration", directory.resolve("text"))
                .with("--attention", "kv-group");
    }

    CommandRun resume() {
        return command().and("--resume").run();
    }

    Path output() {
        return directory.resolve("out");
    }

    Path record(String name) {
        return record().resolve(name);
    }

    Path record() {
        return directory.resolve("out-run");
    }

    /** Deletes what the stages after the search have left, as if the run had been killed in the search. */
    void killedInTheSearch() throws IOException {
        killedBeforeTheOutput();
        Files.delete(record("search-result.json"));
        Files.delete(record("policy.json"));
    }

    /** Deletes what the stages after the search have left, as if the run had been killed before it wrote its output. */
    void killedBeforeTheOutput() throws IOException {
        Files.delete(record("result.json"));
        Files.delete(record("export.json"));
        clear(output());
        Files.delete(output());
    }

    /** Output and record, by path. */
    SortedMap<String, byte[]> files() throws IOException {
        SortedMap<String, byte[]> files = new TreeMap<>();
        for (Path root : List.of(output(), record())) {
            if (Files.exists(root)) {
                try (Stream<Path> paths = Files.walk(root)) {
                    for (Path file : paths.filter(Files::isRegularFile).toList()) {
                        files.put(directory.relativize(file).toString(), Files.readAllBytes(file));
                    }
                }
            }
        }
        return files;
    }

    /** Puts output and record in a state that was read before. */
    void restore(SortedMap<String, byte[]> files) throws IOException {
        for (Path root : List.of(output(), record())) {
            if (Files.exists(root)) {
                clear(root);
                Files.delete(root);
            }
        }
        for (var file : files.entrySet()) {
            Path path = directory.resolve(file.getKey());
            Files.createDirectories(path.resolveSibling(""));
            Files.write(path, file.getValue());
        }
    }

    /** What has to be the same however often a run was interrupted: the output byte by byte, and the figures. */
    SortedMap<String, String> outcome() throws IOException {
        SortedMap<String, String> outcome = new TreeMap<>();
        for (var file : files().entrySet()) {
            if (file.getKey().startsWith("out/")) {
                outcome.put(file.getKey(), HexFormat.of().formatHex(sha256(file.getValue())));
            }
        }
        JsonNode result = JSON.readTree(record("result.json").toFile());
        outcome.put("result", withoutWhatIsOfOneRun(result).toString());
        return outcome;
    }

    /** A record's document, without its envelope. */
    ObjectNode document(String name) throws IOException {
        ObjectNode document = (ObjectNode) JSON.readTree(record(name).toFile());
        document.remove("sha256");
        return document;
    }

    /** Writes a document as a record whose checksum is right, as {@code sed 2d | sha256sum} would have it. */
    void seal(String name, JsonNode document) throws IOException {
        String text = JSON.writerWithDefaultPrettyPrinter().writeValueAsString(document);
        String checksum = HexFormat.of().formatHex(sha256(text.getBytes(StandardCharsets.UTF_8)));
        int firstLine = text.indexOf('\n') + 1;
        Files.writeString(
                record(name),
                text.substring(0, firstLine) + "  \"sha256\" : \"" + checksum + "\",\n" + text.substring(firstLine));
    }

    private static JsonNode withoutWhatIsOfOneRun(JsonNode node) {
        if (node instanceof ObjectNode object) {
            object.remove(OF_ONE_RUN);
        }
        node.forEach(TinyRun::withoutWhatIsOfOneRun);
        return node;
    }

    private static byte[] sha256(byte[] bytes) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    /** Deletes what is in a directory. */
    static void clear(Path root) throws IOException {
        try (Stream<Path> paths = Files.walk(root)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                if (!path.equals(root)) {
                    Files.delete(path);
                }
            }
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }
}
