package io.fastforward.model;

import java.util.function.Function;

/**
 * How the checkpoints of one family are read. Adding a family means adding one of these to {@link ModelFamilies}.
 *
 * @param modelType {@code model_type} in config.json
 * @param prunedModelType {@code model_type} that a pruned checkpoint gets, because the family's own loaders know only
 *     one width for all layers and would silently ignore the others
 * @param prunedArchitecture {@code architectures} of a pruned checkpoint
 * @param reader fills in the architecture
 */
record ModelFamily(
        String modelType, String prunedModelType, String prunedArchitecture, Function<Config, ModelSpec> reader) {}
