package io.fastforward.export;

import com.fasterxml.jackson.annotation.JsonValue;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.model.Model;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.Normalization;

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
            case HF -> pruned.withoutIdentityLayers();
            case HF_PADDED -> {
                requireZerosAreNothing(pruned);
                yield source.unprunedSpec();
            }
        };
    }

    /** Zeros add nothing to the hidden state, but a normalisation that comes after that changes it. */
    private void requireZerosAreNothing(ModelSpec pruned) {
        boolean normalisedAfter = pruned.modules().stream()
                .anyMatch(module -> module.isIdentity()
                        && module.normalization().placement() == Normalization.Placement.AFTER);
        if (normalisedAfter) {
            throw new Failure(
                    FailureKind.UNSUPPORTED_MODEL,
                    "the format " + id + " cannot hold a model of '" + pruned.family() + "' in which a whole module is"
                            + " gone: it normalises after its modules, which zeros would not undo; use the format "
                            + HF.id + ", or keep a unit of every module");
        }
    }

    @JsonValue
    @Override
    public String toString() {
        return id;
    }
}
