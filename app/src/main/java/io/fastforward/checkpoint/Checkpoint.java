package io.fastforward.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.OneLine;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A model as Hugging Face lays it out on disk: a directory with {@code config.json} and the weights in
 * {@code model.safetensors}, or in several files named by {@code model.safetensors.index.json}.
 *
 * <p>The weights are mapped: opening reads headers alone, and a tensor comes from disk when its bytes are first
 * touched. May be read by many threads. Tensors and matrices die with the checkpoint. The files must not change while
 * it is open.
 */
public final class Checkpoint implements AutoCloseable {

    private static final String CONFIG = "config.json";

    /** The file with all weights. */
    public static final String WEIGHTS = "model.safetensors";

    /** The file that names those with parts of the weights. */
    public static final String INDEX = "model.safetensors.index.json";

    private static final String GENERATION_CONFIG = "generation_config.json";

    /** A bound on files that are mapped at once; the largest public models have some 200. */
    private static final int MOST_SHARDS = 10_000;

    /** A file in plain sight, wherever the directory is copied: a colon means something on some systems. */
    private static final Pattern SHARD_NAME = Pattern.compile("(?!\\.)[^/\\\\:\\p{C}\\p{Zl}\\p{Zp}]+\\.safetensors");

    private final Path directory;
    private final ModelDirectory contents;
    private final Arena arena;
    private final JsonNode config;
    private final CompanionFiles companions;
    private final Map<String, SafetensorsFile> files = new LinkedHashMap<>();
    private final Map<String, Failure> ambiguous = new LinkedHashMap<>();
    private final List<String> staleIndexEntries = new ArrayList<>();
    private final List<Path> weightPaths = new ArrayList<>();

    private Checkpoint(Path directory, UnaryOperator<JsonNode> translation, Arena arena) {
        this.directory = directory;
        this.arena = arena;
        this.contents = ModelDirectory.open(directory);
        MissingParts missing = new MissingParts(contents);
        missing.requireNoAdapter();
        this.config =
                translation.apply(JsonFile.readObject(contents.find(CONFIG).orElseThrow(missing::config)));
        if (contents.has(WEIGHTS)) {
            addWeights(WEIGHTS);
        } else if (contents.has(INDEX)) {
            addShards(missing);
        } else {
            throw missing.weights();
        }
        ForeignWeights.refuse(directory, config, storedTypes());
        this.companions = CompanionFiles.of(contents, config, weightNames());
    }

    /**
     * Opens the checkpoint in a directory and checks the headers of its files.
     *
     * @throws Failure of kind {@link FailureKind#NOT_FOUND} if the directory or one of its files is missing,
     *     {@link FailureKind#BAD_CHECKPOINT} if they are damaged or contradict each other,
     *     {@link FailureKind#UNSUPPORTED_MODEL} if the weights are in another format
     */
    public static Checkpoint open(Path directory) {
        return open(directory, config -> config);
    }

    /**
     * Likewise, with another config in the place of what is in {@code config.json}.
     *
     * @param translation gets the JSON object in the file
     */
    public static Checkpoint open(Path directory, UnaryOperator<JsonNode> translation) {
        Arena arena = Arena.ofShared();
        try {
            return new Checkpoint(directory, translation, arena);
        } catch (Throwable e) {
            arena.close();
            throw e;
        }
    }

    /** Where it is. */
    public Path directory() {
        return directory;
    }

    /** The contents of {@code config.json}: a JSON object, otherwise unchecked. */
    public JsonNode config() {
        return config;
    }

    /** Whether there is a tensor of a name, readable or not. */
    public boolean contains(String name) {
        return files.containsKey(name);
    }

    /** The names that the index has and no file holds. */
    public List<String> staleIndexEntries() {
        return List.copyOf(staleIndexEntries);
    }

    /** The names of all tensors, readable or not: shard by shard, in the order in which their data is stored. */
    public List<String> names() {
        return List.copyOf(files.keySet());
    }

    /**
     * A tensor by its name.
     *
     * @throws Failure of kind {@link FailureKind#BAD_CHECKPOINT} if there is none, or several files hold it,
     *     {@link FailureKind#UNSUPPORTED_MODEL} if its data type cannot be read
     */
    public StoredTensor tensor(String name) {
        Failure severalFiles = ambiguous.get(name);
        if (severalFiles != null) {
            throw severalFiles;
        }
        SafetensorsFile file = files.get(name);
        if (file == null) {
            throw FailureKind.BAD_CHECKPOINT.failure("'" + directory + "' has no tensor '" + OneLine.of(name)
                    + "', which its config.json calls for; check that weights and config.json belong together");
        }
        return file.tensor(name);
    }

    /**
     * A two-dimensional tensor of the shape that the model's architecture prescribes.
     *
     * @throws Failure as {@link #tensor}, and of kind {@link FailureKind#BAD_CHECKPOINT} if the shape is another
     */
    public Matrix matrix(String name, int rows, int columns) {
        return shaped(name, List.of((long) rows, (long) columns)).matrix();
    }

    /**
     * A one-dimensional tensor of the length that the model's architecture prescribes, as {@code 1 × length}.
     *
     * @throws Failure as {@link #matrix}
     */
    public Matrix vector(String name, int length) {
        return shaped(name, List.of((long) length)).matrix();
    }

    /** Bytes of all tensors, as stored. */
    public long parameterBytes() {
        return files.values().stream()
                .distinct()
                .mapToLong(SafetensorsFile::dataBytes)
                .sum();
    }

    /** generation_config.json, if it is there. */
    public Optional<JsonNode> generationConfig() {
        return contents.find(GENERATION_CONFIG).map(JsonFile::readObject);
    }

    /** The files beside weights and config that a derived checkpoint takes over, such as the tokenizer's. */
    public CompanionFiles companions() {
        return companions;
    }

    /** What it says of its origin. */
    public SourceCard card() {
        return SourceCard.of(contents);
    }

    /** The hashes of the files that decide about results: config, weights, tokenizer. Reads all of them. */
    public List<FileHash> hashes() {
        List<Path> paths = new ArrayList<>();
        paths.add(directory.resolve(CONFIG));
        paths.addAll(weightPaths);
        paths.addAll(companions.ofTokenizer());
        return paths.stream().map(FileHash::of).toList();
    }

    /** Unmaps the weights. Tensors must no longer be in use. */
    @Override
    public void close() {
        arena.close();
    }

    private Map<String, StoredType> storedTypes() {
        Map<String, StoredType> types = new LinkedHashMap<>();
        files.forEach((name, file) -> types.put(name, file.type(name)));
        return types;
    }

    private Set<String> weightNames() {
        return weightPaths.stream()
                .map(path -> String.valueOf(path.getFileName()))
                .collect(Collectors.toSet());
    }

    private void addShards(MissingParts missing) {
        Path index = contents.requireFile(directory.resolve(INDEX));
        weightPaths.add(index);
        JsonNode weightMap = JsonFile.readObject(index).path("weight_map");
        if (!weightMap.isObject()) {
            throw damagedIndex("it has no weight_map object");
        }
        Map<String, String> shardOfTensor = new LinkedHashMap<>();
        weightMap.properties().forEach(entry -> shardOfTensor.put(entry.getKey(), shardName(entry)));
        Set<String> shards = new TreeSet<>(shardOfTensor.values());
        if (shards.size() > MOST_SHARDS) {
            throw damagedIndex("it names more than " + MOST_SHARDS + " files");
        }
        List<String> absent =
                shards.stream().filter(shard -> !contents.has(shard)).toList();
        if (!absent.isEmpty()) {
            throw missing.shards(index, absent, shards.size());
        }
        shards.forEach(this::addWeights);
        // The files say what they hold, whatever the index says; a tensor that is needed and missing is found later.
        shardOfTensor.keySet().stream()
                .filter(tensor -> !files.containsKey(tensor))
                .forEach(staleIndexEntries::add);
    }

    /** An index must not lead out of the directory, so its files have plain names. */
    private String shardName(Map.Entry<String, JsonNode> entry) {
        String name = entry.getValue().asText();
        if (name.contains("/") || name.contains("\\")) {
            throw FailureKind.BAD_CHECKPOINT.failure(
                    "'" + directory.resolve(INDEX) + "' places tensor '" + OneLine.of(entry.getKey()) + "' in '"
                            + OneLine.of(name)
                            + "', expected a file in the same directory; move the files beside config.json and change"
                            + " the index");
        }
        if (!entry.getValue().isTextual() || !SHARD_NAME.matcher(name).matches() || !canBePath(name)) {
            throw damagedIndex("it places tensor '" + OneLine.of(entry.getKey()) + "' in '" + OneLine.of(name)
                    + "', expected the name of a .safetensors file in the same directory");
        }
        return name;
    }

    /** Not every character can be in a file name on a system whose locale is C. */
    private static boolean canBePath(String name) {
        try {
            return Path.of(name).toString().equals(name);
        } catch (InvalidPathException _) {
            return false;
        }
    }

    private void addWeights(String fileName) {
        SafetensorsFile file = SafetensorsFile.map(contents.requireFile(directory.resolve(fileName)), arena);
        weightPaths.add(file.path());
        if (files.size() + file.names().size() > SafetensorsHeader.MOST_TENSORS) {
            throw FailureKind.BAD_CHECKPOINT.failure(
                    "'" + directory + "' holds more than " + SafetensorsHeader.MOST_TENSORS + " tensors");
        }
        for (String name : file.names()) {
            SafetensorsFile other = files.putIfAbsent(name, file);
            if (other != null) { // a failure only for who needs the tensor
                ambiguous.put(
                        name,
                        FailureKind.BAD_CHECKPOINT.failure(
                                "tensor '" + OneLine.of(name) + "' is in both '" + other.path() + "' and '"
                                        + file.path() + "'; remove the file that does not belong to the checkpoint"));
            }
        }
    }

    private StoredTensor shaped(String name, List<Long> shape) {
        StoredTensor tensor = tensor(name);
        if (!tensor.shape().equals(shape)) {
            throw FailureKind.BAD_CHECKPOINT.failure(
                    "tensor '" + OneLine.of(name) + "' of '" + directory + "' has the shape " + tensor.shape()
                            + ", but its config.json calls for " + shape + "; "
                            + (tensor.shape().contains(0L)
                                    ? "it was saved empty, as DeepSpeed does before it gathers the parts: join them"
                                            + " with its zero_to_fp32.py"
                                    : "check that weights and config.json belong together"));
        }
        return tensor;
    }

    private Failure damagedIndex(String what) {
        return FailureKind.BAD_CHECKPOINT.failure(
                "'" + directory.resolve(INDEX) + "' is not valid: " + what + "; download it again");
    }
}
