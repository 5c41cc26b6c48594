package io.fastforward.report;

import io.fastforward.report.Table.Column;
import io.fastforward.zeroshot.TaskScore;
import io.fastforward.zeroshot.ZeroShotScores;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Scores of tasks, as papers show them. */
public final class ZeroShotTable {

    private static final List<Column> COLUMNS = List.of(
            Column.text("task"),
            Column.number("questions"),
            Column.number("acc"),
            Column.number("stderr"),
            Column.number("acc_norm"),
            Column.number("stderr"));

    private ZeroShotTable() {}

    /** The tasks, their average, and a line that says what it all is. */
    public static List<String> lines(ZeroShotScores scores) {
        List<List<String>> rows = new ArrayList<>();
        scores.tasks().forEach(task -> rows.add(row(task)));
        rows.add(List.of(
                "average",
                String.valueOf(scores.questions()),
                share(scores.averageAcc()),
                "",
                share(scores.averageAccNorm()),
                ""));
        List<String> lines = new ArrayList<>(new Table(COLUMNS, rows).lines());
        lines.add("as " + scores.harness() + " scores them; examples: " + scores.shots()
                + "; every task counts once in the average, with acc where it has no acc_norm");
        return lines;
    }

    private static List<String> row(TaskScore task) {
        return List.of(
                task.task(),
                String.valueOf(task.questions()),
                share(task.acc()),
                share(task.accStderr()),
                share(task.accNorm()),
                share(task.accNormStderr()));
    }

    private static String share(@Nullable Double value) {
        return value == null ? "-" : String.format(Locale.ROOT, "%.4f", value);
    }
}
