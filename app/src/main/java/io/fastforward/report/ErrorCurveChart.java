package io.fastforward.report;

import io.fastforward.search.Prior;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.stream.DoubleStream;

/** What every module lacks with fewer units, as small curves, for people. */
public final class ErrorCurveChart {

    /** Columns of a curve: the first one has no units, the last one all of them. */
    private static final int WIDTH = 24;

    /** More than this below the largest error, a curve is drawn as nothing. */
    private static final double MOST_DECADES = 6;

    private static final String BLOCKS = " ▁▂▃▄▅▆▇█";
    private static final String ASCII = " .:-=+*#@";
    private static final String ROW = "%5s  %-9s  %-20s  %-" + (WIDTH + 2) + "s  %9s  %9s  %s";

    private final List<Curve> curves;
    private final String levels;
    private final double largest;
    private final double smallest;

    /**
     * What is known of one module.
     *
     * @param layer its layer
     * @param module what it is
     * @param unit what its units are, in the plural
     * @param errors with none of its units, the first one, and so on up to all; falling
     * @param divergence what the model's predictions lose without half of them, if that was tried
     * @param kept how many a policy keeps, if there is one
     */
    public record Curve(
            int layer, String module, String unit, List<Double> errors, OptionalDouble divergence, OptionalInt kept) {

        public Curve {
            errors = List.copyOf(errors);
        }

        /** All units. */
        public int units() {
            return errors.size() - 1;
        }

        /** The error with as many units as single modules are tried with. */
        public double errorWithHalf() {
            return errors.get(Prior.probedUnits(units()));
        }
    }

    private ErrorCurveChart(List<Curve> curves, boolean blocks) {
        this.curves = curves;
        this.levels = blocks ? BLOCKS : ASCII;
        this.largest = positive(curves).max().orElse(1);
        this.smallest = Math.max(positive(curves).min().orElse(1), largest * Math.pow(10, -MOST_DECADES));
    }

    /** Those errors that a logarithm can show. */
    private static DoubleStream positive(List<Curve> curves) {
        return curves.stream()
                .flatMap(curve -> curve.errors().stream())
                .mapToDouble(error -> error)
                .filter(error -> error > 0);
    }

    /**
     * One line a module, below a line that says what they show.
     *
     * @param blocks whether characters beyond ASCII can be shown
     */
    public static List<String> lines(List<Curve> curves, boolean blocks) {
        return new ErrorCurveChart(curves, blocks).lines();
    }

    private List<String> lines() {
        List<String> lines = new ArrayList<>();
        lines.add(String.format(
                Locale.ROOT,
                "error curves  from none to all of a module's units; height: the error, on a logarithmic scale from %.1e to"
                        + " %.1e",
                smallest,
                largest));
        lines.add(ROW.formatted("layer", "module", "units", "curve", "with half", "KL then", "kept"));
        curves.forEach(curve -> lines.add(line(curve)));
        return lines.stream().map(String::stripTrailing).toList();
    }

    private String line(Curve curve) {
        boolean none = curve.units() == 0;
        return ROW.formatted(
                curve.layer(),
                curve.module(),
                none ? "-" : curve.units() + " " + curve.unit(),
                none ? "" : "|" + drawn(curve.errors()) + "|",
                none ? "" : number(curve.errorWithHalf()),
                curve.divergence().isEmpty() || none
                        ? ""
                        : number(curve.divergence().getAsDouble()),
                curve.kept().isEmpty() ? "" : curve.kept().getAsInt());
    }

    private String drawn(List<Double> errors) {
        StringBuilder line = new StringBuilder();
        for (int column = 0; column < WIDTH; column++) {
            int units = (int) Math.round((double) (errors.size() - 1) * column / (WIDTH - 1));
            line.append(levels.charAt(level(errors.get(units))));
        }
        return line.toString();
    }

    /** 0 for nothing to speak of, then 1 at the lower end of the scale, up to the highest at the upper one. */
    private int level(double error) {
        if (error < smallest) {
            return 0;
        }
        int highest = levels.length() - 1;
        double height = largest == smallest ? 1 : Math.log(error / smallest) / Math.log(largest / smallest);
        return 1 + (int) Math.round(height * (highest - 1));
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.2e", value);
    }
}
