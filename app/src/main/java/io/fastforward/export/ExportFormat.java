package io.fastforward.export;

import com.fasterxml.jackson.annotation.JsonValue;
import io.fastforward.model.Model;
import io.fastforward.spi.model.ModelSpec;

/** In which form a pruned model is written. All of them are Hugging Face checkpoint directories. */
public enum ExportFormat {
    /**
     * The layers' real widths. Where the family's class in transformers does not take them, a modelling file of ours
     * comes along, and loading needs {@code trust_remote_code=True}.
     */
    HF("hf"),
    /**
     * The widths from before pruning, filled up with zeros, which change nothing in what the model computes. Loads
     * wherever the unpruned model does, and is neither smaller nor faster.
     */
    HF_PADDED("hf-padded");

    private final String id;

    ExportFormat(String id) {
        this.id = id;
    }

    /** The architecture that is written for a pruned one. */
    ModelSpec written(Model source, ModelSpec pruned) {
        return switch (this) {
            case HF -> pruned;
            case HF_PADDED -> source.unprunedSpec();
        };
    }

    @JsonValue
    @Override
    public String toString() {
        return id;
    }
}
