package io.fastforward.spi.model;

import java.util.List;

/**
 * Rotary positions (Su et al., RoFormer) in the half-split convention: dimension i of a head turns together with
 * dimension i + n by the angle position × frequency i, where n is the number of frequencies. Scalings such as
 * Llama 3's are already in the frequencies.
 *
 * @param frequencies angle per position, in radians; one for each pair of dimensions
 */
public record RotaryPositions(List<Double> frequencies) {

    public RotaryPositions {
        frequencies = List.copyOf(frequencies);
        if (frequencies.isEmpty()) {
            throw new IllegalArgumentException("rotary positions need at least one frequency");
        }
    }

    /** How many leading dimensions of a head turn. */
    public int rotatedSize() {
        return 2 * frequencies.size();
    }
}
