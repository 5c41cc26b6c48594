package io.fastforward.page;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A chart as data: the page draws it, and has its numbers as a table beside it for who cannot see it.
 *
 * @param title what it shows, in a few words
 * @param about how to read it, a sentence or two
 * @param kind how it is drawn
 * @param across what is on the horizontal axis
 * @param up what is on the vertical axis
 * @param logarithmic whether that is logarithmic; then all values are above 0
 * @param x places on the horizontal axis, ascending
 * @param series what is shown there, at least one
 */
record Chart(
        String title,
        String about,
        Kind kind,
        String across,
        String up,
        boolean logarithmic,
        List<Double> x,
        List<Series> series) {

    private static final MathContext DIGITS = new MathContext(6);

    enum Kind {
        BARS,
        LINES,
        POINTS
    }

    /**
     * Values.
     *
     * @param label what they are
     * @param values one for each place; null where there is none
     */
    record Series(String label, List<@Nullable Double> values) {

        Series {
            values = Collections.unmodifiableList(new ArrayList<>(values));
        }

        /** Of numbers, of which those that are not finite are not shown. */
        static Series of(String label, List<Double> numbers) {
            return new Series(
                    label,
                    numbers.stream()
                            .<@Nullable Double>map(number -> Double.isFinite(number) ? number : null)
                            .toList());
        }

        boolean isEmpty() {
            return values.stream().allMatch(value -> value == null);
        }
    }

    Chart {
        x = List.copyOf(x);
        series = List.copyOf(series);
    }

    /** Whether there is anything to see. */
    boolean isEmpty() {
        return x.isEmpty() || series.stream().allMatch(Series::isEmpty);
    }

    /** Its numbers. */
    PageTable numbers() {
        List<String> head = new ArrayList<>(List.of(across));
        series.forEach(one -> head.add(one.label()));
        List<List<String>> rows = new ArrayList<>();
        for (int i = 0; i < x.size(); i++) {
            List<String> row = new ArrayList<>(List.of(number(x.get(i))));
            for (Series one : series) {
                Double value = one.values().get(i);
                row.add(value == null ? "–" : number(value));
            }
            rows.add(row);
        }
        return new PageTable("", head, rows);
    }

    /** Perplexities that are worth comparing differ in their fourth decimal. */
    private static String number(double value) {
        BigDecimal rounded = new BigDecimal(value).round(DIGITS);
        return rounded.signum() == 0 ? "0" : rounded.stripTrailingZeros().toPlainString();
    }
}
