package io.fastforward.batch;

import io.fastforward.report.Table;
import io.fastforward.report.Table.Column;
import io.fastforward.report.VariantTable;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Rows of runs as a {@link Table}. */
public final class RunTable {

    private static final String NOTHING = "-";

    private RunTable() {}

    /** With a column for every setting in which some run differs. */
    public static Table of(List<RunRow> rows) {
        boolean tasks =
                rows.stream().map(RunRow::figures).anyMatch(figures -> figures != null && figures.tasks() != null);
        boolean failures = rows.stream().anyMatch(row -> row.failure() != null);
        Set<String> settings = rows.stream()
                .flatMap(row -> row.settings().keySet().stream())
                .collect(Collectors.toCollection(LinkedHashSet::new));
        List<Column> columns = new ArrayList<>(List.of(Column.text("model"), Column.text("run")));
        settings.forEach(setting -> columns.add(Column.text(setting)));
        columns.addAll(List.of(
                Column.number("sparsity"),
                Column.number("parameters"),
                Column.number("dense"),
                Column.number("before repair"),
                Column.number("after repair")));
        if (tasks) {
            columns.addAll(List.of(Column.number("tasks dense"), Column.number("tasks after")));
        }
        columns.addAll(List.of(Column.number("evaluations"), Column.number("seconds")));
        if (failures) {
            columns.add(Column.text("failure"));
        }
        return new Table(
                columns,
                rows.stream().map(row -> cells(row, settings, tasks, failures)).toList());
    }

    private static List<String> cells(RunRow row, Set<String> settings, boolean tasks, boolean failures) {
        List<String> cells = new ArrayList<>(List.of(row.model(), row.run()));
        settings.forEach(setting -> cells.add(row.settings().getOrDefault(setting, "")));
        RunRow.Figures figures = row.figures();
        cells.add(figures == null ? NOTHING : String.format(Locale.ROOT, "%.4f", figures.sparsity()));
        cells.add(figures == null ? NOTHING : String.valueOf(figures.parameters()));
        cells.add(figures == null ? NOTHING : VariantTable.significant(figures.dense()));
        cells.add(figures == null ? NOTHING : VariantTable.significant(figures.cut()));
        cells.add(figures == null ? NOTHING : VariantTable.significant(figures.repaired()));
        if (tasks) {
            cells.add(share(figures == null ? null : figures.denseTasks()));
            cells.add(share(figures == null ? null : figures.tasks()));
        }
        Integer evaluations = figures == null ? null : figures.evaluations();
        cells.add(evaluations == null ? NOTHING : evaluations.toString());
        Double seconds = row.seconds();
        cells.add(seconds == null ? NOTHING : String.format(Locale.ROOT, "%.1f", seconds));
        if (failures) {
            String failure = row.failure();
            cells.add(failure == null ? "" : failure);
        }
        return cells;
    }

    private static String share(@Nullable Double share) {
        return share == null ? NOTHING : String.format(Locale.ROOT, "%.3f", share);
    }
}
