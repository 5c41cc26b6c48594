package io.fastforward.cli;

import io.fastforward.batch.PlannedRun;
import io.fastforward.batch.RunQueue;
import io.fastforward.batch.RunRow;
import io.fastforward.batch.RunRows;
import io.fastforward.batch.RunTable;
import io.fastforward.batch.SharingPlan;
import io.fastforward.batch.TableFiles;
import io.fastforward.checkpoint.ShutdownHook;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Setting;
import io.fastforward.plugin.PluginRegistry;
import io.fastforward.report.Table;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * Does the runs of a file and prints a table that grows with them.
 *
 * @param name of all of them
 * @param runs in the order of the table
 * @param options how they are done
 * @param common options of all commands
 * @param summary what is made of the rows besides, if anything
 */
record ManyRuns(
        String name,
        List<PlannedRun> runs,
        BatchOptions options,
        CommonOptions common,
        Function<List<RunRow>, Optional<Table>> summary) {

    private static final String SUMMARY = "ablation";

    void run() {
        PluginRegistry plugins = common.loadPlugins();
        if (options.dryRun) {
            SharingPlan plan = SharingPlan.of(runs, plugins);
            common.print(plan.rows(), out -> print(plan, out));
            return;
        }
        TableFiles files = new TableFiles(options.output);
        RunRows rows = new RunRows(runs, files, cause -> Explanation.of(cause).line());
        Table sized = RunTable.sized(runs);
        List<Path> records =
                runs.stream().map(run -> run.request().runDirectory()).toList();
        try (ShutdownHook ignored = InterruptionNotice.about(options.output, records)) {
            new RunQueue(plugins, Console.of(common.json), options.jobs).execute(runs, options.output, outcome -> {
                RunRow row = rows.add(outcome);
                summary.apply(rows.rows()).ifPresent(table -> files.write(SUMMARY, table));
                if (!common.json) {
                    grow(sized, row, rows.rows().size() == 1);
                }
            });
        }
        common.print(rows.rows(), out -> print(rows, out));
        if (rows.failures() > 0) {
            throw FailureKind.RUNS.failure(rows.failures() + " of " + runs.size()
                    + " runs failed, as the table says"
                    + (rows.failures() == runs.size() ? "" : "; the others are in '" + options.output + "'")
                    + "; " + Setting.RESUME + " tries again what failed");
        }
    }

    private void grow(Table sized, RunRow row, boolean first) {
        if (first) {
            common.out().println(sized.lines().getFirst());
        }
        common.out().println(RunTable.line(sized, row, runs));
    }

    private void print(RunRows rows, PrintWriter out) {
        summary.apply(rows.rows()).ifPresent(table -> {
            out.println();
            table.lines().forEach(out::println);
        });
        out.println();
        out.println("Tables, records and what runs share: " + options.output);
    }

    private void print(SharingPlan plan, PrintWriter out) {
        plan.table().lines().forEach(out::println);
        out.println();
        out.println(name + ": " + runs.size() + " runs, whose units are ranked " + plan.rankings()
                + " times; runs with the same number share a ranking");
    }
}
