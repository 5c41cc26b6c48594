package io.fastforward.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.spi.model.RotaryPositions;
import java.util.ArrayList;
import java.util.List;

/**
 * Rotary frequencies from a config: θ^(−2i/d), scaled as the config says. Scalings: {@code linear} (Chen et al.,
 * position interpolation) and {@code llama3} (long wavelengths are stretched, short ones kept, those between blended).
 */
final class RotaryFrequencies {

    private RotaryFrequencies() {}

    static RotaryPositions read(Config config, int headSize) {
        // transformers 5 has one section for all; before, theta stood alone and the scaling had a section of its own.
        Config section = config;
        if (config.has("rope_parameters")) {
            section = config.section("rope_parameters");
        }
        double theta = section.number("rope_theta", config.number("rope_theta", 10_000));
        Config scaling = config.has("rope_scaling") ? config.section("rope_scaling") : section;
        String type = scaling.text("rope_type", scaling.text("type", "default"));
        if (headSize % 2 != 0) {
            throw new Failure(
                    FailureKind.BAD_CHECKPOINT,
                    "config.json: head size " + headSize + " is odd, rotary positions need pairs");
        }
        List<Double> frequencies = new ArrayList<>();
        for (int i = 0; i < headSize / 2; i++) {
            double frequency = Math.pow(theta, -2.0 * i / headSize);
            frequencies.add(
                    switch (type) {
                        case "default" -> frequency;
                        case "linear" -> frequency / scaling.number("factor");
                        case "llama3" -> llama3(frequency, scaling);
                        default ->
                            throw new Failure(
                                    FailureKind.UNSUPPORTED_MODEL,
                                    "config.json: rope_type '" + type
                                            + "' is not supported; supported are: default, linear, llama3");
                    });
        }
        return new RotaryPositions(frequencies);
    }

    /**
     * Writes the settings in the form of transformers 4 beside that of transformers 5, if the config has the latter alone:
     * version 4 ignores it without a word and takes θ = 10000, which ruins the model.
     */
    static void writeForEveryVersion(ObjectNode config) {
        if (!(config.get("rope_parameters") instanceof ObjectNode parameters) || config.hasNonNull("rope_theta")) {
            return;
        }
        ObjectNode scaling = parameters.deepCopy();
        JsonNode theta = scaling.remove("rope_theta");
        if (theta != null) {
            config.set("rope_theta", theta);
        }
        if (!scaling.path("rope_type").asText("default").equals("default")) {
            config.set("rope_scaling", scaling);
        }
    }

    private static double llama3(double frequency, Config scaling) {
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
