package io.fastforward.spi.format;

import io.fastforward.spi.Options;
import io.fastforward.spi.Plugin;
import io.fastforward.spi.model.ModelSpec;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A form in which pruned models are written: one file or many in a directory, which is the engine's. The engine gives the
 * directory its name when everything is in it and has been read back, so a format needs no care for what is left behind
 * if it fails. Safe for many threads; what is thrown ends the run.
 */
public interface ModelFormat {

    /** Makes formats of one kind. */
    interface Provider extends Plugin {

        /**
         * A format.
         *
         * @throws IllegalArgumentException if options do not go together; the message names them
         */
        ModelFormat create(Options options);
    }

    /**
     * Why it cannot hold a model. Asked about the unpruned model before anything is searched, and about the pruned one
     * before it is written.
     *
     * @param unpruned the architecture before any pruning
     * @param model the one to be written
     * @return what is in the way and what to do, as the rest of a sentence about this format; empty if nothing is
     */
    default Optional<String> refusal(ModelSpec unpruned, ModelSpec model) {
        return Optional.empty();
    }

    /**
     * Why it cannot hold what a model has beside its weights: a tokenizer, say. Asked, as the other is, before anything is searched,
     * and before it is written.
     *
     * @return as of the other; empty if nothing is in the way
     */
    default Optional<String> refusal(ModelSource source) {
        return Optional.empty();
    }

    /** What it asks of every policy, so that no search ends with a model that it refuses. */
    default Demands demands(ModelSpec unpruned) {
        return Demands.NONE;
    }

    /** Bytes of weights that it will write, to be compared with the room that there is. */
    long weightBytes(ModelSource source, ModelSpec model, WriteSettings settings);

    /**
     * Begins to write. Everything but the layers can be written at once.
     *
     * @param source the model that was pruned
     * @param model the architecture of the layers that will come, with units as in checkpoints
     * @param directory is empty, and for files of any name but {@code policy.json} and {@code README.md}
     * @throws java.io.UncheckedIOException if the files cannot be written, for which nobody will blame the format; likewise
     *     what the writer does
     */
    ModelWriter begin(ModelSource source, ModelSpec model, WriteSettings settings, Path directory);

    /**
     * Reads a model back as the readers of the format would, so that the engine can compare what it computes with the
     * model in memory.
     *
     * @param directory holds what a writer of this format finished
     * @return empty if it cannot read
     */
    default Optional<ReadableModel> open(Path directory) {
        return Optional.empty();
    }

    /**
     * How people load what a writer wrote, the most common program first, for the description beside it.
     *
     * @param directory holds what a writer of this format finished
     */
    default List<Loading> loading(Path directory) {
        return List.of();
    }
}
