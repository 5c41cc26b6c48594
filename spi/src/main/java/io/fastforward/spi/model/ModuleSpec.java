package io.fastforward.spi.model;

/**
 * What a prunable module of a decoder layer computes: {@code hidden += output · features(normalise(hidden))}, or with
 * the normalisation {@linkplain Normalization.Placement after} it. The features are made unit by unit. Removing a unit
 * removes its features, hence rows of the maps that make them and columns of the output map.
 *
 * <p>The weights of a module are in nested order when their units are sorted by descending score; then a pruned
 * module is the first {@code k} units of the same buffers.
 */
public sealed interface ModuleSpec permits AttentionSpec, MlpSpec {

    /** The normalisation of the module's input, or of its result. */
    Normalization normalization();

    /** Width of the hidden state. */
    int hiddenSize();

    /** Number of units: KV groups or {@link AttentionUnit other units} of attention, channels of an MLP. */
    int units();

    /** Features that one unit makes: columns of the output map. */
    int featuresPerUnit();

    /** Linear parameters (weights and biases) that go when one unit goes. */
    long parametersPerUnit();

    /** Linear parameters (weights and biases) that stay whatever is pruned: the output map's bias. */
    long fixedParameters();

    /**
     * Parts of a unit, each with its own consecutive columns of the output map: what a criterion scores. A unit of
     * {@link AttentionUnit#QUERY_HEAD} has one part in every KV group, any other unit is its only part.
     */
    default int partsPerUnit() {
        return 1;
    }

    /** Number of parts of all units. */
    default int parts() {
        return Math.multiplyExact(units(), partsPerUnit());
    }

    /** Features that one part makes. */
    default int featuresPerPart() {
        return featuresPerUnit() / partsPerUnit();
    }

    /** The same module with another number of units. */
    ModuleSpec withUnits(int units);

    /** Number of features that some units make. */
    default int features(int units) {
        return Math.multiplyExact(units, featuresPerUnit());
    }

    /** Linear parameters with all units. */
    default long parameters() {
        return fixedParameters() + units() * parametersPerUnit();
    }
}
