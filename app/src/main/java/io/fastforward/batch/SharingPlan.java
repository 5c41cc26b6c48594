package io.fastforward.batch;

import io.fastforward.failure.Failure;
import io.fastforward.plugin.PluginRegistry;
import io.fastforward.report.Table;
import io.fastforward.report.Table.Column;
import io.fastforward.run.RunPreview;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What several runs are going to share, as it is known before anything is computed.
 *
 * @param rows one for each run
 */
public record SharingPlan(List<Row> rows) {

    public SharingPlan {
        rows = List.copyOf(rows);
    }

    /**
     * A run.
     *
     * @param model as {@link PlannedRun} has it
     * @param run likewise
     * @param settings likewise
     * @param ranking runs with the same number share the ranking of their units
     * @param record directory of its record
     */
    public record Row(String model, String run, Map<String, String> settings, int ranking, String record) {}

    /**
     * Looks at every run as it would begin.
     *
     * @throws Failure of the first one that cannot
     */
    public static SharingPlan of(List<PlannedRun> runs, PluginRegistry plugins) {
        Map<String, Integer> numbers = new HashMap<>();
        List<Row> rows = new ArrayList<>();
        for (PlannedRun run : runs) {
            String key = run.request().files().model() + " " + ranking(run, plugins);
            int number = numbers.computeIfAbsent(key, unknown -> numbers.size() + 1);
            rows.add(new Row(
                    run.model(),
                    run.name(),
                    run.settings(),
                    number,
                    run.request().runDirectory().toString()));
        }
        return new SharingPlan(rows);
    }

    private static String ranking(PlannedRun run, PluginRegistry plugins) {
        try {
            return new RunPreview(run.request(), plugins).ranking().hash();
        } catch (Failure e) {
            throw e.kind().failure("the run " + run.label() + ": " + e.getMessage(), e);
        }
    }

    /** How many rankings are made. */
    public int rankings() {
        return rows.stream().mapToInt(Row::ranking).max().orElse(0);
    }

    /** With a column for every setting in which some run differs. */
    public Table table() {
        Set<String> settings = RunTable.differing(rows.stream().map(Row::settings));
        List<Column> columns = new ArrayList<>(List.of(Column.text("model"), Column.text("run")));
        settings.forEach(setting -> columns.add(Column.text(setting)));
        columns.addAll(List.of(Column.number("ranking"), Column.text("record")));
        List<List<String>> cells = new ArrayList<>();
        for (Row row : rows) {
            List<String> line = new ArrayList<>(List.of(row.model(), row.run()));
            settings.forEach(setting -> line.add(row.settings().getOrDefault(setting, "")));
            line.addAll(List.of(String.valueOf(row.ranking()), row.record()));
            cells.add(line);
        }
        return new Table(columns, cells);
    }
}
