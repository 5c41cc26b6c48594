package io.fastforward.model;

import io.fastforward.spi.model.RotaryPositions;
import java.util.ArrayList;
import java.util.List;

/**
 * Rotary frequencies: θ^(−2i/d), scaled as the settings say. Scalings: {@code linear} (Chen et al.,
 * position interpolation) and {@code llama3} (long wavelengths are stretched, short ones kept, those between blended).
 */
final class RotaryFrequencies {

    private RotaryFrequencies() {}

    static RotaryPositions of(RotarySettings settings, int headSize) {
        if (headSize % 2 != 0) {
            throw Config.damaged("head size " + headSize + " is odd, rotary positions need pairs");
        }
        List<Double> frequencies = new ArrayList<>();
        for (int i = 0; i < headSize / 2; i++) {
            frequencies.add(scaled(Math.pow(settings.theta(), -2.0 * i / headSize), settings));
        }
        return new RotaryPositions(frequencies);
    }

    private static double scaled(double frequency, RotarySettings settings) {
        return switch (settings.type()) {
            case "default" -> frequency;
            case "linear" -> frequency / settings.number("factor");
            case "llama3" -> llama3(frequency, settings);
            default -> throw new IllegalArgumentException("no rotary scaling '" + settings.type() + "'");
        };
    }

    private static double llama3(double frequency, RotarySettings scaling) {
        double factor = scaling.number("factor");
        double lowFactor = scaling.number("low_freq_factor");
        double highFactor = scaling.number("high_freq_factor");
        double trainedContext = scaling.number("original_max_position_embeddings");
        double wavelength = 2 * Math.PI / frequency;
        if (wavelength < trainedContext / highFactor) {
            return frequency;
        }
        if (wavelength > trainedContext / lowFactor) {
            return frequency / factor;
        }
        double smooth = (trainedContext / wavelength - lowFactor) / (highFactor - lowFactor);
        return (1 - smooth) * frequency / factor + smooth * frequency;
    }
}
