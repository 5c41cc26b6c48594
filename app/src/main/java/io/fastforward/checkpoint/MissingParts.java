package io.fastforward.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.OneLine;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Explains why a directory is no checkpoint that can be opened: what it is instead, or what it lacks. */
final class MissingParts {

    private static final String ADAPTER = "adapter_config.json";
    private static final int MOST_NAMED = 5;
    private static final Pattern UNFINISHED = Pattern.compile("(?i).+\\.(incomplete|part|aria2|crdownload|download)");

    private final ModelDirectory directory;

    MissingParts(ModelDirectory directory) {
        this.directory = directory;
    }

    /** The failure where there is no config.json. */
    Failure config() {
        return ForeignFormat.explain(directory.path(), directory.names())
                .orElseGet(() -> FailureKind.NOT_FOUND.failure(
                        quoted() + " has no config.json; expected a checkpoint directory with config.json,"
                                + " model.safetensors (or model.safetensors.index.json and its files) and"
                                + " tokenizer.json" + unfinished() + NearbyCheckpoints.hint(directory.path())));
    }

    /** The failure where there are neither weights nor an index of them. */
    Failure weights() {
        String unfinished = unfinished();
        Optional<Failure> foreign = ForeignFormat.explain(directory.path(), directory.names());
        if (unfinished.isEmpty() && foreign.isPresent()) {
            return foreign.get();
        }
        return FailureKind.NOT_FOUND.failure(
                quoted() + " has no weights; expected model.safetensors, or model.safetensors.index.json and the files"
                        + " that it names" + unfinished + NearbyCheckpoints.hint(directory.path()));
    }

    /** The failure where an index names files that are not there. */
    Failure shards(Path index, List<String> missing, int all) {
        return FailureKind.NOT_FOUND.failure(
                quoted() + " lacks " + missing.size() + " of the " + all + " files of weights that '"
                        + index.getFileName() + "' names; missing: "
                        + missing.stream().limit(MOST_NAMED).map(OneLine::of).collect(Collectors.joining(", "))
                        + (missing.size() > MOST_NAMED ? " and " + (missing.size() - MOST_NAMED) + " more" : "")
                        + "; download them into the same directory, for example with hf download ORG/NAME --local-dir"
                        + " DIR, which fetches only what is missing" + unfinished());
    }

    /**
     * Refuses an adapter, alone or beside weights: transformers would load the model that it belongs to and change its
     * weights, so whatever we computed would be for another model.
     */
    void requireNoAdapter() {
        if (!directory.has(ADAPTER)) {
            return;
        }
        JsonNode base = JsonFile.readObject(
                        directory.requireFile(directory.path().resolve(ADAPTER)))
                .path("base_model_name_or_path");
        String ofModel = base.isTextual() ? " for '" + OneLine.of(base.asText()) + "'" : "";
        boolean complete = directory.has(Checkpoint.WEIGHTS) || directory.has(Checkpoint.INDEX);
        throw FailureKind.UNSUPPORTED_MODEL.failure(
                quoted() + " holds a LoRA (PEFT) adapter" + ofModel + ", which is not a model of its own; merge it into"
                        + " the model: peft.AutoPeftModelForCausalLM.from_pretrained(DIR).merge_and_unload()"
                        + ".save_pretrained(NEW_DIR), and save the tokenizer there, too"
                        + (complete
                                ? "; if the weights beside it are merged already, move " + ADAPTER + " away, or"
                                        + " transformers applies it again"
                                : ""));
    }

    /** Whether a download stopped half-way, as its leftovers tell. */
    private String unfinished() {
        boolean here = directory.names().stream().anyMatch(UNFINISHED.asMatchPredicate());
        Path cache = directory.path().resolve("../../blobs");
        Path local = directory.path().resolve(".cache/huggingface/download");
        return here || holdsUnfinished(cache) || holdsUnfinished(local)
                ? "; a download was not finished: start the same download again, it goes on where it stopped"
                : "";
    }

    private static boolean holdsUnfinished(Path downloads) {
        if (!Files.isDirectory(downloads)) {
            return false;
        }
        try (DirectoryStream<Path> leftovers = Files.newDirectoryStream(downloads, "*.incomplete")) {
            return leftovers.iterator().hasNext();
        } catch (IOException _) {
            return false; // only a hint is lost
        }
    }

    private String quoted() {
        return "'" + directory.path() + "'";
    }
}
