package io.fastforward.spi;

import java.math.BigDecimal;
import java.util.List;

/**
 * An option of a plugin. The engine reads and checks what a user gives before there is any work that could be lost, so
 * a plugin gets a value of the right type in the right range, or the default.
 *
 * @param name what a user writes: lower case, digits and hyphens
 * @param meaning one line: what it does
 * @param defaultText the default as a user would write it; empty if the option is {@linkplain Values.Needed needed}
 * @param values which values there are
 */
public record OptionSpec(String name, String meaning, String defaultText, Values values) {

    /** @throws IllegalArgumentException if the name or the meaning is none, or the default is not among the values */
    public OptionSpec {
        if (!name.matches("[a-z0-9][a-z0-9-]{0,63}")) {
            throw new IllegalArgumentException(
                    "the name of an option, '" + name + "', must be at most 64 lower case letters, digits and hyphens");
        }
        if (meaning.isBlank()) {
            throw new IllegalArgumentException("option " + name + " has no meaning");
        }
        if (!(values instanceof Values.Needed)) {
            read(name, values, defaultText);
        }
    }

    /** A finite number in a range. */
    public static OptionSpec number(String name, String meaning, double defaultValue, Range range) {
        return new OptionSpec(name, meaning, Range.plain(defaultValue), new Values.Numbers(range));
    }

    /** A whole number in a range. */
    public static OptionSpec wholeNumber(String name, String meaning, int defaultValue, Range range) {
        return new OptionSpec(name, meaning, Integer.toString(defaultValue), new Values.WholeNumbers(range));
    }

    /** One of some words. */
    public static OptionSpec oneOf(String name, String meaning, String defaultValue, List<String> words) {
        return new OptionSpec(name, meaning, defaultValue, new Values.Words(words));
    }

    /** Any text: an address, say, or a path. */
    public static OptionSpec text(String name, String meaning, String defaultValue) {
        return new OptionSpec(name, meaning, defaultValue, new Values.Text());
    }

    /** Any text but an empty one. It has no default: without it, the plugin cannot serve. */
    public static OptionSpec needed(String name, String meaning) {
        return new OptionSpec(name, meaning, "", new Values.Needed());
    }

    /**
     * Reads what a user gave.
     *
     * @return a Double, Integer or String, by the kind of values
     * @throws IllegalArgumentException if it is none of the values; the message names the option, the text and what was
     *     expected
     */
    Object read(String text) {
        return read(name, values, text);
    }

    private static Object read(String name, Values values, String text) {
        Object value;
        try {
            value = values.parse(text);
        } catch (NumberFormatException e) {
            throw refused(name, values, text);
        }
        if (!values.contains(value)) {
            throw refused(name, values, text);
        }
        return value;
    }

    private static IllegalArgumentException refused(String name, Values values, String text) {
        return new IllegalArgumentException("option " + name + " must be " + values + ", but is '" + text + "'");
    }

    /** Which values an option has; {@code toString} says it to people: "a number of at least 0". */
    public sealed interface Values {

        /** @throws NumberFormatException if the text is no number, and a number is wanted */
        Object parse(String text);

        /** Whether something of the type that {@link #parse} returns is among the values. */
        boolean contains(Object value);

        /** Finite numbers, of type Double. */
        record Numbers(Range range) implements Values {
            @Override
            public Object parse(String text) {
                return Double.valueOf(text);
            }

            @Override
            public boolean contains(Object value) {
                return value instanceof Double number && range.contains(number);
            }

            @Override
            public String toString() {
                return "a number" + range;
            }
        }

        /** Whole numbers, of type Integer. */
        record WholeNumbers(Range range) implements Values {
            @Override
            public Object parse(String text) {
                return Integer.valueOf(text);
            }

            @Override
            public boolean contains(Object value) {
                return value instanceof Integer number && range.contains(number);
            }

            @Override
            public String toString() {
                return "a whole number" + range;
            }
        }

        /** Some words, of type String. */
        record Words(List<String> words) implements Values {
            public Words {
                words = List.copyOf(words);
            }

            @Override
            public Object parse(String text) {
                return text;
            }

            @Override
            public boolean contains(Object value) {
                return words.contains(value);
            }

            @Override
            public String toString() {
                return String.join(" or ", words);
            }
        }

        /** Any text that is not empty, of type String. */
        record Needed() implements Values {
            @Override
            public Object parse(String text) {
                return text;
            }

            @Override
            public boolean contains(Object value) {
                return value instanceof String text && !text.isBlank();
            }

            @Override
            public String toString() {
                return "a text that is not empty";
            }
        }

        /** Any text, of type String. */
        record Text() implements Values {
            @Override
            public Object parse(String text) {
                return text;
            }

            @Override
            public boolean contains(Object value) {
                return value instanceof String;
            }

            @Override
            public String toString() {
                return "a text";
            }
        }
    }

    /**
     * A range of finite numbers.
     *
     * @param least its lower end, −∞ if there is none
     * @param leastIncluded whether the lower end is part of it
     * @param most its upper end, ∞ if there is none
     * @param mostIncluded whether the upper end is part of it
     */
    public record Range(double least, boolean leastIncluded, double most, boolean mostIncluded) {

        /** All finite numbers. */
        public static final Range ANY = above(Double.NEGATIVE_INFINITY);

        /** Numbers from one up. */
        public static Range atLeast(double least) {
            return new Range(least, true, Double.POSITIVE_INFINITY, false);
        }

        /** Numbers greater than one. */
        public static Range above(double least) {
            return new Range(least, false, Double.POSITIVE_INFINITY, false);
        }

        /** Numbers from one to another, both included. */
        public static Range between(double least, double most) {
            return atLeast(least).atMost(most);
        }

        /** This range up to a number, included. */
        public Range atMost(double number) {
            return new Range(least, leastIncluded, number, true);
        }

        /** This range up to a number, not included. */
        public Range below(double number) {
            return new Range(least, leastIncluded, number, false);
        }

        /** Whether a number is in it. */
        public boolean contains(double number) {
            return (leastIncluded ? number >= least : number > least)
                    && (mostIncluded ? number <= most : number < most);
        }

        /** What comes after "a number": " of at least 0", " greater than 0 and at most 1". */
        @Override
        public String toString() {
            String from =
                    Double.isInfinite(least) ? "" : (leastIncluded ? " of at least " : " greater than ") + plain(least);
            String to = Double.isInfinite(most) ? "" : (mostIncluded ? " at most " : " less than ") + plain(most);
            return from + (from.isEmpty() || to.isEmpty() ? "" : " and") + to;
        }

        private static String plain(double number) {
            return new BigDecimal(Double.toString(number)).stripTrailingZeros().toPlainString();
        }
    }
}
