package io.fastforward.batch;

import io.fastforward.report.Table;
import io.fastforward.report.Table.Column;
import io.fastforward.report.VariantTable;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The rows of an ablation, grouped by the setting that is changed: means over the seeds, how far these lie apart, and what
 * a change costs.
 *
 * @param ablation what was asked for
 * @param rows of those of its runs that have ended
 */
public record AblationTable(Ablation ablation, List<RunRow> rows) {

    /** The table. */
    public Table table() {
        List<String> contextual = ablation.contexts().stream()
                .flatMap(context -> context.keySet().stream())
                .distinct()
                .toList();
        List<Column> columns = new ArrayList<>(List.of(Column.text("model")));
        contextual.forEach(setting -> columns.add(Column.text(setting)));
        columns.addAll(List.of(
                Column.text("setting"),
                Column.text("value"),
                Column.number("runs"),
                Column.number("before repair"),
                Column.number("after repair"),
                Column.number("spread"),
                Column.number("difference"),
                Column.number("evaluations"),
                Column.number("search tokens")));
        List<List<String>> lines = new ArrayList<>();
        for (String model :
                ablation.runs().stream().map(PlannedRun::model).distinct().toList()) {
            for (Map<String, String> context : ablation.contexts()) {
                ablation.changes()
                        .forEach((setting, values) -> values.forEach((value, run) -> {
                            List<String> line = new ArrayList<>(List.of(model));
                            contextual.forEach(name -> line.add(context.getOrDefault(name, "")));
                            line.addAll(List.of(setting, value));
                            line.addAll(cells(model, context, run));
                            lines.add(line);
                        }));
            }
        }
        return new Table(columns, lines);
    }

    private List<String> cells(String model, Map<String, String> context, String run) {
        List<RunRow.Figures> figures = figures(model, context, run).toList();
        OptionalDouble repaired = mean(figures, RunRow.Figures::repaired);
        OptionalDouble base = mean(figures(model, context, Ablation.BASE).toList(), RunRow.Figures::repaired);
        Optional<Double> difference = repaired.isPresent() && base.isPresent()
                ? Optional.of(repaired.getAsDouble() - base.getAsDouble())
                : Optional.empty();
        return List.of(
                String.valueOf(figures.size()),
                perplexity(mean(figures, RunRow.Figures::cut)),
                perplexity(repaired),
                figures.size() < 2 ? RunTable.NOTHING : String.format(Locale.ROOT, "%.4f", spread(figures)),
                difference
                        .map(value -> String.format(Locale.ROOT, "%+.4f", value))
                        .orElse(RunTable.NOTHING),
                whole(figures, RunRow.Figures::evaluations),
                whole(figures, RunRow.Figures::searchTokens));
    }

    /** Those of all seeds of a run. */
    private Stream<RunRow.Figures> figures(String model, Map<String, String> context, String run) {
        return rows.stream()
                .filter(row -> row.model().equals(model)
                        && row.run().equals(run)
                        && row.settings().entrySet().containsAll(context.entrySet()))
                .map(RunRow::figures)
                .filter(Objects::nonNull);
    }

    private static OptionalDouble mean(List<RunRow.Figures> figures, ToDoubleFunction<RunRow.Figures> figure) {
        return figures.stream().mapToDouble(figure).average();
    }

    /** Largest less smallest. */
    private static double spread(List<RunRow.Figures> figures) {
        return figures.stream().mapToDouble(RunRow.Figures::repaired).max().orElseThrow()
                - figures.stream().mapToDouble(RunRow.Figures::repaired).min().orElseThrow();
    }

    private static String perplexity(OptionalDouble value) {
        return value.isPresent() ? VariantTable.significant(value.getAsDouble()) : RunTable.NOTHING;
    }

    /** The mean of what only runs that search have. */
    private static String whole(List<RunRow.Figures> figures, Function<RunRow.Figures, @Nullable Number> figure) {
        OptionalDouble mean = figures.stream()
                .map(figure)
                .filter(Objects::nonNull)
                .mapToDouble(Number::doubleValue)
                .average();
        return mean.isPresent() ? String.format(Locale.ROOT, "%.0f", mean.getAsDouble()) : RunTable.NOTHING;
    }
}
