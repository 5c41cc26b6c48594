package io.fastforward.spi;

import java.util.Map;

/**
 * A user's settings for one plugin, by name. The engine rejects names that {@link Plugin#options()} does not list,
 * so a plugin reads only what it declared.
 */
public record Options(Map<String, String> values) {

    /** No settings: every default applies. */
    public static final Options NONE = new Options(Map.of());

    public Options {
        values = Map.copyOf(values);
    }

    /**
     * A number among the settings.
     *
     * @throws IllegalArgumentException if the value is no finite number; the message names option and value
     */
    public double number(String name, double defaultValue) {
        String value = values.get(name);
        if (value == null) {
            return defaultValue;
        }
        double number;
        try {
            number = Double.parseDouble(value);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("option " + name + " must be a number, but is '" + value + "'", e);
        }
        if (!Double.isFinite(number)) {
            throw new IllegalArgumentException("option " + name + " must be a finite number, but is '" + value + "'");
        }
        return number;
    }

    /**
     * A whole number among the settings.
     *
     * @throws IllegalArgumentException if the value is no int; the message names option and value
     */
    public int integer(String name, int defaultValue) {
        String value = values.get(name);
        if (value == null) {
            return defaultValue;
        }
        try {
            return Integer.parseInt(value);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("option " + name + " must be a whole number, but is '" + value + "'", e);
        }
    }
}
