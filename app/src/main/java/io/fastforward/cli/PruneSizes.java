package io.fastforward.cli;

import io.fastforward.batch.PlannedRun;
import io.fastforward.batch.RunOutcome;
import io.fastforward.batch.RunQueue;
import io.fastforward.batch.RunRows;
import io.fastforward.batch.RunTable;
import io.fastforward.batch.TableFiles;
import io.fastforward.checkpoint.ShutdownHook;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Setting;
import io.fastforward.record.PruneResult;
import io.fastforward.run.PruneRequest;
import io.fastforward.tokenizer.TextSource;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Prunes a model to several sizes that share what does not depend on the size.
 *
 * @param output directory of the outputs, each named after its sparsity, of their records, and of what they share
 * @param requests one for each size
 * @param common options of all commands
 */
record PruneSizes(Path output, List<PruneRequest> requests, CommonOptions common) {

    /** Where a size goes. */
    static Path output(Path output, double sparsity) {
        return output.resolve(String.valueOf(sparsity));
    }

    /** Does it all; a size that fails does not stop the others. */
    void run() {
        requests.forEach(PruneSizes::requireFiles);
        List<PlannedRun> runs = requests.stream().map(PruneSizes::planned).toList();
        RunRows rows = new RunRows(runs, new TableFiles(output), PruneSizes::explain);
        List<PruneResult> results = new ArrayList<>();
        List<Throwable> causes = new ArrayList<>();
        List<Path> records = requests.stream().map(PruneRequest::runDirectory).toList();
        try (ShutdownHook ignored = InterruptionNotice.about(output, records)) {
            new RunQueue(common.loadPlugins(), Console.of(common.json), 1).execute(runs, output, outcome -> {
                rows.add(outcome);
                switch (outcome) {
                    case RunOutcome.Finished done -> results.add(done.result());
                    case RunOutcome.Failed failed -> causes.add(failed.cause());
                }
            });
        }
        if (results.isEmpty()) {
            throw rethrown(causes.getFirst());
        }
        common.print(results, out -> print(rows, out));
        if (!causes.isEmpty()) {
            throw FailureKind.RUNS.failure(
                    causes.size() + " of " + runs.size() + " sizes failed; the first: " + explain(causes.getFirst())
                            + "; the others are in '" + output + "'; " + Setting.RESUME + " tries again what failed");
        }
    }

    private void print(RunRows rows, PrintWriter out) {
        out.println();
        RunTable.of(rows.rows()).lines().forEach(out::println);
        out.println();
        out.println("Pruned models, and the records of the runs beside them: " + output);
    }

    private static PlannedRun planned(PruneRequest request) {
        double sparsity = request.settings().budget().sparsity();
        return new PlannedRun(
                String.valueOf(
                        request.files().model().toAbsolutePath().normalize().getFileName()),
                request.settings().plugins().agent(),
                Map.of(Setting.SPARSITY.path(), String.valueOf(sparsity)),
                request);
    }

    /** What can be read but once cannot be read for every size. */
    private static void requireFiles(PruneRequest request) {
        PruneRequest.Files files = request.files();
        Stream.of(Optional.of(files.calibrationText()), files.evaluationText(), files.tasks(), files.rewardTasks())
                .flatMap(Optional::stream)
                .filter(path -> TextSource.text(path).isStream())
                .findFirst()
                .ifPresent(path -> {
                    throw FailureKind.USAGE.failure("'" + path + "' is a pipe, which can be read but once; for several "
                            + Setting.SPARSITY + " give a file");
                });
    }

    private static String explain(Throwable cause) {
        return Explanation.of(cause).line();
    }

    private static RuntimeException rethrown(Throwable cause) {
        return switch (cause) {
            case Failure failure -> failure;
            case RuntimeException other -> other;
            case Error error -> throw error;
            default -> new IllegalStateException(cause);
        };
    }
}
