package io.fastforward.spi.model;

import java.util.List;

/**
 * What a prunable module of a decoder layer computes: {@code hidden += output · features(normalise(hidden))}, or with
 * the normalisation {@linkplain Normalization.Placement after} it. The features are made unit by unit. Removing a unit
 * removes its features, hence rows of the maps that make them and columns of the output map: its {@link #couplings()}.
 *
 * <p>A unit has one part or several, of which each has consecutive rows and columns in nested order. The weights of a module are in
 * nested order when their units are sorted by descending score; then a pruned module is the first {@code k} units of
 * the same buffers.
 *
 * <p>A module without units is the identity, {@code hidden += 0} whatever the normalisation: it has no maps and no
 * parameters, those of its normalisation included.
 */
public sealed interface ModuleSpec permits AttentionSpec, MlpSpec {

    /** The normalisation of the module's input, or of its result. */
    Normalization normalization();

    /** Width of the hidden state. */
    int hiddenSize();

    /** Number of units: KV groups or {@link AttentionUnit other units} of attention, channels of an MLP; may be 0. */
    int units();

    /** Whether it has no units, so that it does nothing. */
    default boolean isIdentity() {
        return units() == 0;
    }

    /** Its linear maps, in the order of their roles; the output map is the last one. None if it is the identity. */
    List<MapShape> maps();

    /** What goes with a part, of the maps of which anything does. None if it is the identity. */
    List<Coupling> couplings();

    /** Features that one part makes: columns of the output map. */
    int featuresPerPart();

    /** The same module with another number of units. */
    ModuleSpec withUnits(int units);

    /**
     * Parts of a unit, each with its own consecutive columns of the output map: what a criterion scores. Units of
     * {@link AttentionUnit#QUERY_HEAD} and {@link AttentionUnit#VALUE_CHANNEL} have one part in every KV group, any other
     * unit is its only part.
     */
    default int partsPerUnit() {
        return 1;
    }

    /** Number of parts of all units. */
    default int parts() {
        return Math.multiplyExact(units(), partsPerUnit());
    }

    /** Features that one unit makes. */
    default int featuresPerUnit() {
        return Math.multiplyExact(partsPerUnit(), featuresPerPart());
    }

    /** Number of features that some units make. */
    default int features(int units) {
        return Math.multiplyExact(units, featuresPerUnit());
    }

    /** Linear parameters (weights and biases) that go when one unit goes. */
    default long parametersPerUnit() {
        return couplings().stream()
                .mapToLong(coupling ->
                        coupling.width() * map(coupling.role()).parametersOf(coupling.axis()) * partsPerUnit())
                .sum();
    }

    /** Linear parameters that stay whatever is pruned: the output map's bias, and maps of which nothing is coupled. */
    default long fixedParameters() {
        return parameters() - units() * parametersPerUnit();
    }

    /** Linear parameters with all units. */
    default long parameters() {
        return maps().stream().mapToLong(MapShape::parameters).sum();
    }

    /**
     * The map of some role.
     *
     * @throws IllegalArgumentException if there is none
     */
    default MapShape map(MapRole role) {
        return maps().stream()
                .filter(map -> map.role() == role)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("the module has no map " + role));
    }
}
