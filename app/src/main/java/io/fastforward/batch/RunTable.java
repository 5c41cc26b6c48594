package io.fastforward.batch;

import io.fastforward.report.Table;
import io.fastforward.report.Table.Column;
import io.fastforward.report.VariantTable;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Rows of runs as a {@link Table}. */
public final class RunTable {

    /** What stands for a figure that there is none of. */
    static final String NOTHING = "-";

    private RunTable() {}

    /** With a column for every setting in which some run differs. */
    public static Table of(List<RunRow> rows) {
        boolean tasks =
                rows.stream().map(RunRow::figures).anyMatch(figures -> figures != null && figures.tasks() != null);
        boolean failures = rows.stream().anyMatch(row -> row.failure() != null);
        Set<String> settings = differing(rows.stream().map(RunRow::settings));
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
        columns.addAll(List.of(Column.number("evaluations"), Column.number("search tokens"), Column.number("seconds")));
        if (failures) {
            columns.add(Column.text("failure"));
        }
        return new Table(
                columns,
                rows.stream().map(row -> cells(row, settings, tasks, failures)).toList());
    }

    /**
     * A table as wide as that of some runs, before they have ended.
     *
     * @return whose first line is its headings, and whose others mean nothing
     */
    public static Table sized(List<PlannedRun> runs) {
        return of(runs.stream()
                .map(run -> new RunRow(
                        run.model(), run.name(), run.settings(), widest(asksTasks(List.of(run))), 99_999.9, null))
                .toList());
    }

    /**
     * A line of a table that grows.
     *
     * @param sized of these runs
     */
    public static String line(Table sized, RunRow row, List<PlannedRun> runs) {
        Set<String> settings = differing(runs.stream().map(PlannedRun::settings));
        String line = sized.line(cells(row, settings, asksTasks(runs), false));
        return row.failure() == null ? line : line + "  " + row.failure();
    }

    private static boolean asksTasks(List<PlannedRun> runs) {
        return runs.stream().anyMatch(run -> run.request().files().tasks().isPresent());
    }

    private static RunRow.Figures widest(boolean tasks) {
        Double share = tasks ? Double.valueOf(1) : null;
        return new RunRow.Figures(1, 999_999_999_999L, 10, 10, 10, share, share, 100_000, 9_999_999.0);
    }

    private static List<String> cells(RunRow row, Set<String> settings, boolean tasks, boolean failures) {
        List<String> cells = new ArrayList<>(List.of(row.model(), row.run()));
        settings.forEach(setting -> cells.add(row.settings().getOrDefault(setting, "")));
        cells.add(cell(row, "%.4f", RunRow.Figures::sparsity));
        cells.add(cell(row, "%d", RunRow.Figures::parameters));
        cells.add(cell(row, "%s", figures -> VariantTable.significant(figures.dense())));
        cells.add(cell(row, "%s", figures -> VariantTable.significant(figures.cut())));
        cells.add(cell(row, "%s", figures -> VariantTable.significant(figures.repaired())));
        if (tasks) {
            cells.add(cell(row, "%.3f", RunRow.Figures::denseTasks));
            cells.add(cell(row, "%.3f", RunRow.Figures::tasks));
        }
        cells.add(cell(row, "%d", RunRow.Figures::evaluations));
        cells.add(cell(row, "%.0f", RunRow.Figures::searchTokens));
        cells.add(shown("%.1f", row.seconds()));
        if (failures) {
            String failure = row.failure();
            cells.add(failure == null ? "" : failure);
        }
        return cells;
    }

    /** A figure of a run; it may have none of the kind, or have failed. */
    private static String cell(RunRow row, String format, Function<RunRow.Figures, @Nullable Object> figure) {
        RunRow.Figures figures = row.figures();
        return shown(format, figures == null ? null : figure.apply(figures));
    }

    private static String shown(String format, @Nullable Object value) {
        return value == null ? NOTHING : String.format(Locale.ROOT, format, value);
    }

    /** The settings in which some of several runs differ, in their order. */
    static Set<String> differing(Stream<Map<String, String>> settings) {
        return settings.flatMap(some -> some.keySet().stream()).collect(Collectors.toCollection(LinkedHashSet::new));
    }
}
