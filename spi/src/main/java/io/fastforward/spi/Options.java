package io.fastforward.spi;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The values of a plugin's options, read and checked, with the defaults of those that a user left alone. Immutable. */
public final class Options {

    private final Map<String, Object> values;
    private final boolean given;

    private Options(Map<String, Object> values, boolean given) {
        this.values = values;
        this.given = given;
    }

    /**
     * Reads what a user gave.
     *
     * @param specs the options that there are
     * @param given texts by name
     * @throws IllegalArgumentException if there is no such option, a text is none of its values, or one that is needed is not
     *     given; the message says which, and what was expected
     */
    public static Options of(List<OptionSpec> specs, Map<String, String> given) {
        Map<String, Object> values = new LinkedHashMap<>();
        for (OptionSpec spec : specs) {
            if (spec.values() instanceof OptionSpec.Values.Needed && !given.containsKey(spec.name())) {
                throw new IllegalArgumentException("option " + spec.name() + " is needed: " + spec.meaning());
            }
            if (values.put(spec.name(), spec.read(given.getOrDefault(spec.name(), spec.defaultText()))) != null) {
                throw new IllegalArgumentException("two options have the name " + spec.name());
            }
        }
        for (String name : new TreeMap<>(given).keySet()) {
            if (!values.containsKey(name)) {
                throw new IllegalArgumentException("no option is called '" + name + "'; it has "
                        + (specs.isEmpty() ? "none" : String.join(", ", values.keySet())));
            }
        }
        return new Options(values, !given.isEmpty());
    }

    /** The defaults of a plugin. */
    public static Options defaults(Plugin plugin) {
        return of(plugin.options(), Map.of());
    }

    /** Whether a user gave any of them. */
    public boolean given() {
        return given;
    }

    /** The value of an option of numbers. */
    public double number(String name) {
        return value(name, Double.class);
    }

    /** The value of an option of whole numbers. */
    public int wholeNumber(String name) {
        return value(name, Integer.class);
    }

    /** The value of an option of words or of any text. */
    public String text(String name) {
        return value(name, String.class);
    }

    private <T> T value(String name, Class<T> type) {
        Object value = values.get(name);
        if (!type.isInstance(value)) {
            throw new IllegalArgumentException(
                    "no option of " + type.getSimpleName() + " values was declared as " + name);
        }
        return type.cast(value);
    }
}
