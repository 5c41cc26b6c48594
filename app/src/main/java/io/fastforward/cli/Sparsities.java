package io.fastforward.cli;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * What has to go, as a user writes it: a share, or several with commas between them.
 *
 * @param values at least one, none twice; whoever uses them checks their range
 */
record Sparsities(List<Double> values) {

    /** As many as anybody compares. */
    private static final int MOST = 100;

    Sparsities {
        values = List.copyOf(values);
    }

    /** Reads them. */
    static final class Converter implements ITypeConverter<Sparsities> {

        @Override
        public Sparsities convert(String text) {
            Set<Double> seen = new HashSet<>();
            List<Double> values = new ArrayList<>();
            for (String word : text.split(",", -1)) {
                double value = number(word.strip());
                if (!seen.add(value)) {
                    throw new TypeConversionException("'" + word.strip() + "' is there twice");
                }
                values.add(value);
            }
            if (values.size() > MOST) {
                throw new TypeConversionException("there are " + values.size() + ", at most " + MOST + " may be");
            }
            return new Sparsities(values);
        }

        private static double number(String word) {
            try {
                return Double.parseDouble(word);
            } catch (NumberFormatException _) {
                throw new TypeConversionException("'" + word + "' is not a number");
            }
        }
    }

    boolean several() {
        return values.size() > 1;
    }
}
