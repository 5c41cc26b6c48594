package io.fastforward.spi.model;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The weights of an MLP module.
 *
 * @param norm normalisation of the input, or of the result
 * @param gate {@code channels × hidden}, or null if the module is not gated
 * @param up {@code channels × hidden} (OPT: fc1)
 * @param output {@code hidden × channels} (down, OPT: fc2)
 */
public record MlpWeights(NormWeights norm, @Nullable Linear gate, Linear up, Linear output) implements ModuleWeights {

    @Override
    public List<Linear> inputs() {
        return gate == null ? List.of(up) : List.of(gate, up);
    }
}
