package io.fastforward.spi.format;

import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.nio.file.Path;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/** The model that was pruned, with the files that its directory has beside the weights. */
public interface ModelSource extends ReadableModel {

    /** The architecture before the model was ever pruned, if its config tells; else its own. */
    ModelSpec unprunedSpec();

    /**
     * The tensors before and after the layers that pruning leaves as they are, except the final normalisation, by their
     * names in the checkpoint; a head that is the embedding is left out.
     */
    SequencedMap<String, Matrix> endTensors();

    /** The directory: {@code tokenizer.json}, {@code generation_config.json} and others are read from there. */
    Path directory();

    /**
     * The contents of {@code config.json} for this model with other widths. What the source says twice, or against its
     * weights, is settled. Where transformers needs a class of ours, {@code auto_map} names it.
     *
     * @param dataType that of the written weights; null if each keeps its own
     */
    String config(ModelSpec model, @Nullable DataType dataType);

    /**
     * Copies what has to follow the weights: tokenizer, chat templates, licences.
     *
     * @throws RuntimeException if a file has changed since the model was opened
     */
    void copyCompanions(Path directory);
}
