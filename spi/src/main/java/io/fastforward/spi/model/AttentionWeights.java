package io.fastforward.spi.model;

import java.util.List;

/**
 * The weights of an attention module.
 *
 * @param norm normalisation of the input, or of the result
 * @param query {@code groups·queriesPerGroup·headSize × hidden}, heads in the order of the {@link AttentionUnit}
 * @param key {@code groups·headSize × hidden}
 * @param value {@code groups·headSize × hidden}
 * @param output {@code hidden × groups·queriesPerGroup·headSize}
 */
public record AttentionWeights(NormWeights norm, Linear query, Linear key, Linear value, Linear output)
        implements ModuleWeights {

    @Override
    public List<Linear> inputs() {
        return List.of(query, key, value);
    }
}
