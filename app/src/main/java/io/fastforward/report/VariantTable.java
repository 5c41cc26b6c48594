package io.fastforward.report;

import io.fastforward.evaluate.ChoiceAccuracy;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The figures of several variants, side by side, for people. */
public final class VariantTable {

    private VariantTable() {}

    /** Lines of a table of smaller models; the first variant is the dense one, to which the others are compared. */
    public static List<String> lines(List<Variant> variants) {
        return lines(variants, "removed");
    }

    /**
     * Lines of a table.
     *
     * @param sparse what the sparsity of a variant is
     */
    public static List<String> lines(List<Variant> variants, String sparse) {
        boolean tasks = variants.stream().anyMatch(variant -> variant.accuracy() != null);
        int width = variants.stream()
                .mapToInt(variant -> variant.name().length())
                .max()
                .orElse(0);
        String format = "%-" + Math.max(width, 7) + "s  %12s  %8s  %10s" + (tasks ? "  %14s" : "%s") + "  %12s";
        List<String> lines = new ArrayList<>();
        lines.add(
                format.formatted("model", "parameters", sparse, "perplexity", tasks ? "tasks right" : "", "tokens/s"));
        for (Variant variant : variants) {
            lines.add(format.formatted(
                    variant.name(),
                    String.format(Locale.ROOT, "%,d", variant.parameters()),
                    percent(variant.sparsity()),
                    significant(variant.perplexity().perplexity()),
                    right(variant.accuracy()),
                    String.format(Locale.ROOT, "%,.0f", variant.perplexity().tokensPerSecond())));
        }
        return lines;
    }

    private static String right(@Nullable ChoiceAccuracy accuracy) {
        return accuracy == null ? "" : accuracy.right() + "/" + accuracy.total() + " " + percent(accuracy.accuracy());
    }

    /** A share. */
    public static String percent(double share) {
        return String.format(Locale.ROOT, "%.1f%%", 100 * share);
    }

    /** A size as people compare files by it. */
    public static String megabytes(long bytes) {
        return String.format(Locale.ROOT, "%,.1f MB", bytes / 1e6);
    }

    /** A perplexity with as many decimals as say something. */
    public static String significant(double perplexity) {
        return String.format(
                Locale.ROOT, perplexity < 100 ? "%.4f" : perplexity < 10_000 ? "%.2f" : "%.4g", perplexity);
    }
}
