package io.fastforward.spi.model;

import java.util.List;

/** The weights of a prunable module. */
public sealed interface ModuleWeights permits AttentionWeights, MlpWeights {

    /** Normalisation of the module's input, or of its result. */
    NormWeights norm();

    /** The maps that make the features; their rows go with a unit. */
    List<Linear> inputs();

    /** The map from features back to the hidden state; its columns go with a unit. */
    Linear output();
}
