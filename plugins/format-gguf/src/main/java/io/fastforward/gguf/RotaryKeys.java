package io.fastforward.gguf;

import io.fastforward.spi.model.RotaryPositions;
import java.util.ArrayList;
import java.util.List;

/**
 * Rotary frequencies as llama.cpp has them: frequency i of n is base^(−i/n) ÷ factor i. A model's frequencies are all that
 * is known of its scaling here, so the base is that of the first two, which every scaling leaves in their ratio or as they were.
 *
 * @param base θ
 * @param factors one for each frequency, 1 where nothing is scaled
 */
record RotaryKeys(float base, List<Float> factors) {

    /** Relative; a base in single precision is off by less. */
    private static final double EQUAL = 1e-6;

    RotaryKeys {
        factors = List.copyOf(factors);
    }

    static RotaryKeys of(RotaryPositions rotary) {
        List<Double> frequencies = rotary.frequencies();
        int count = frequencies.size();
        double base = count == 1 ? 1 : Math.pow(frequencies.get(0) / frequencies.get(1), count);
        float rounded = (float) base;
        List<Float> factors = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            double factor = Math.pow(rounded, (double) -i / count) / frequencies.get(i);
            factors.add(Math.abs(factor - 1) < EQUAL ? 1 : (float) factor);
        }
        return new RotaryKeys(rounded, factors);
    }

    /** Whether every factor is the same, as with positions that are interpolated (Chen et al., 2023). */
    boolean isLinear() {
        return factors.stream().allMatch(factor -> Math.abs(factor / factors.getFirst() - 1) < EQUAL);
    }

    /** The frequencies again. */
    RotaryPositions positions() {
        List<Double> frequencies = new ArrayList<>();
        for (int i = 0; i < factors.size(); i++) {
            frequencies.add(Math.pow(base, (double) -i / factors.size()) / factors.get(i));
        }
        return new RotaryPositions(frequencies);
    }
}
