package io.fastforward.model;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fastforward.failure.OneLine;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The rotary settings of a config. There are two forms: transformers 4 has {@code rope_theta} and {@code rope_scaling},
 * transformers 5 {@code rope_parameters}. Where a config has both, this takes what transformers 5 takes: a
 * {@code rope_scaling} that is not empty stands for the whole section, and θ in the section comes before the one beside.
 *
 * @param theta base of the frequencies
 * @param type how they are scaled: default, linear or llama3
 * @param scaling the numbers that the type needs, by their keys
 */
record RotarySettings(double theta, String type, Map<String, Double> scaling) {

    private static final String DEFAULT = "default";
    private static final String THETA = "rope_theta";
    private static final String SCALING = "rope_scaling";
    private static final String PARAMETERS = "rope_parameters";
    private static final String TRAINED_CONTEXT = "original_max_position_embeddings";
    private static final String PARTIAL = "partial_rotary_factor";

    private static final double DEFAULT_THETA = 10_000;

    private static final Map<String, List<String>> NUMBERS = Map.of(
            DEFAULT,
            List.of(),
            "linear",
            List.of("factor"),
            "llama3",
            List.of("factor", "low_freq_factor", "high_freq_factor", TRAINED_CONTEXT));

    RotarySettings {
        scaling = Map.copyOf(scaling);
    }

    /** One of the numbers that the type needs. */
    double number(String key) {
        return Objects.requireNonNull(scaling.get(key), key);
    }

    /** @param context positions that the model was made for, which the trained context is where a config has none */
    static RotarySettings read(Config config, int context) {
        if (config.hasEntries(SCALING)) {
            return read(config, config.section(SCALING), context);
        }
        return readWithoutScaling(config, context);
    }

    /** A line on two forms that contradict each other, or none. */
    static List<String> remarks(Config config, int context) {
        RotarySettings taken = read(config, context);
        if (config.hasEntries(SCALING)
                && config.hasEntries(PARAMETERS)
                && (!type(config.section(PARAMETERS)).equals(taken.type())
                        || !readWithoutScaling(config, context).equals(taken))) {
            return List.of("rope_scaling and rope_parameters contradict each other; taken, as in transformers, is"
                    + " rope_scaling: " + taken);
        }
        double beside = config.number(THETA, taken.theta());
        return beside == taken.theta()
                ? List.of()
                : List.of("rope_theta is " + beside + " beside the section of the rotary settings and " + taken.theta()
                        + " in it; taken, as in transformers, is the latter");
    }

    /**
     * Writes them in one form and removes the other, and what it overrides.
     *
     * @param byTypeOfTheFamily whether a class of transformers reads them: both versions of it know the older form. A
     *     class of ours knows the newer one, which the others leave alone, while version 5 chokes on the older form in a
     *     config that it has no class for.
     */
    void write(ObjectNode config, boolean byTypeOfTheFamily) {
        remove(config);
        ObjectNode section = config.objectNode();
        section.put("rope_type", type);
        for (String key : numbers(type)) {
            putNumber(section, key, number(key));
        }
        if (byTypeOfTheFamily) {
            config.put(THETA, theta);
            if (!type.equals(DEFAULT)) {
                config.set(SCALING, section);
            }
        } else {
            section.put(THETA, theta);
            config.set(PARAMETERS, section);
        }
    }

    /** Removes all of them, which a family without rotary positions does not read. */
    static void remove(ObjectNode config) {
        config.remove(List.of(THETA, SCALING, PARAMETERS, TRAINED_CONTEXT, PARTIAL));
    }

    private static RotarySettings readWithoutScaling(Config config, int context) {
        return read(config, config.has(PARAMETERS) ? config.section(PARAMETERS) : Config.EMPTY, context);
    }

    private static RotarySettings read(Config config, Config section, int context) {
        double theta = (section.states(THETA) ? section : config).statedNumber(THETA, DEFAULT_THETA);
        String type = type(section);
        if (section.hasSections()) {
            throw Config.unsupported("rotary settings of their own for kinds of layers are not supported");
        }
        if (section.number(PARTIAL, config.number(PARTIAL, 1)) != 1) {
            throw Config.unsupported(PARTIAL + " is not supported, except 1");
        }
        Map<String, Double> scaling = new LinkedHashMap<>();
        for (String key : numbers(type)) {
            scaling.put(key, number(config, section, key, context));
        }
        return new RotarySettings(theta, type, scaling);
    }

    private static String type(Config section) {
        return section.text("rope_type", section.text("type", DEFAULT));
    }

    private static double number(Config config, Config section, String key, int context) {
        if (!key.equals(TRAINED_CONTEXT)) {
            return section.number(key);
        }
        return (config.states(key) ? config : section).statedNumber(key, context);
    }

    private static List<String> numbers(String type) {
        List<String> numbers = NUMBERS.get(type);
        if (numbers == null) {
            throw Config.unsupported("rope_type '" + OneLine.of(type) + "' is not supported; supported are: "
                    + String.join(", ", new TreeSet<>(NUMBERS.keySet())));
        }
        return numbers;
    }

    /** A whole number without a point: some readers want an integer, and none minds. */
    private static void putNumber(ObjectNode section, String key, double value) {
        if (key.equals(TRAINED_CONTEXT) && value == Math.rint(value)) {
            section.put(key, (long) value);
        } else {
            section.put(key, value);
        }
    }

    @Override
    public String toString() {
        return "θ " + theta + ", " + type + (scaling.isEmpty() ? "" : " " + new TreeMap<>(scaling));
    }
}
