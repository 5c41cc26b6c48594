package io.fastforward.batch;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The rows of several runs as they end, kept in files. Used by one thread at a time. */
public final class RunRows {

    private final List<PlannedRun> plan;
    private final TableFiles files;
    private final Function<Throwable, String> explanation;
    private final List<RunRow> earlier;
    /** By the directories of their records. */
    private final Map<Path, RunRow> rows = new HashMap<>();

    /**
     * No rows yet.
     *
     * @param plan the runs in the order of the table
     * @param files where they are kept; those of an earlier command know how long finished runs took
     * @param explanation says why something failed, in a line
     */
    public RunRows(List<PlannedRun> plan, TableFiles files, Function<Throwable, String> explanation) {
        this.plan = List.copyOf(plan);
        this.files = files;
        this.explanation = explanation;
        this.earlier = files.read();
    }

    /**
     * Adds the row of a run that ended, and writes the files anew.
     *
     * @return the row
     */
    public RunRow add(RunOutcome outcome) {
        RunRow row = switch (outcome) {
            case RunOutcome.Finished done -> RunRow.finished(done.run(), done.result(), seconds(done));
            case RunOutcome.Failed failed -> RunRow.failed(failed.run(), explanation.apply(failed.cause()));
        };
        rows.put(outcome.run().request().runDirectory(), row);
        files.write(rows());
        return row;
    }

    /** What has ended, in the order of the plan. */
    public List<RunRow> rows() {
        List<RunRow> ended = new ArrayList<>();
        plan.forEach(run -> {
            RunRow row = rows.get(run.request().runDirectory());
            if (row != null) {
                ended.add(row);
            }
        });
        return ended;
    }

    /** How many failed. */
    public long failures() {
        return rows.values().stream().filter(row -> row.failure() != null).count();
    }

    /** A run that was done before took as long as it did then. */
    private @Nullable Double seconds(RunOutcome.Finished done) {
        return done.before()
                ? earlier.stream()
                        .filter(row -> row.isOf(done.run()))
                        .map(RunRow::seconds)
                        .filter(Objects::nonNull)
                        .findFirst()
                        .orElse(null)
                : Double.valueOf(done.seconds());
    }
}
