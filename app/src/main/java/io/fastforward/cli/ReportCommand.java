package io.fastforward.cli;

import io.fastforward.checkpoint.AtomicFile;
import io.fastforward.checkpoint.ReadFailure;
import io.fastforward.failure.FailureKind;
import io.fastforward.page.ComparisonReport;
import io.fastforward.page.RunReport;
import io.fastforward.record.FinishedRun;
import io.fastforward.record.RunRecord;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Writes the report of a run once more, or one that compares several. */
@Command(
        name = "report",
        description = {
            "Writes a report to look at in a browser: of one run what its own report.html shows, of several how",
            "they compare. One file, which needs no network."
        },
        footerHeading = "%nExamples:%n",
        footer = {"  fastforward report RUN_DIR", "  fastforward report RUN_DIR OTHER_RUN_DIR --output compared.html"},
        mixinStandardHelpOptions = true)
final class ReportCommand implements Runnable {

    /** Of records in what a batch writes: a model, a run, a point of the grid. */
    private static final int DEPTH = 4;

    @Parameters(
            paramLabel = "RUN_DIR",
            arity = "1..*",
            description = "Records of runs, or directories that hold some, such as the output of a batch.")
    private List<Path> directories;

    @Option(
            names = "--output",
            paramLabel = "FILE",
            description = "Where the report goes; default: report.html in the record of a single run.")
    private @Nullable Path output;

    @Mixin
    private CommonOptions common;

    @SuppressWarnings("NullAway.Init") // picocli fills in the fields
    ReportCommand() {}

    /**
     * What was written.
     *
     * @param report the file
     * @param runs the records that it tells of
     */
    record Written(String report, List<String> runs) {}

    @Override
    public void run() {
        List<Path> records = new ArrayList<>();
        directories.forEach(directory -> records.addAll(records(directory)));
        List<FinishedRun> runs = records.stream().map(FinishedRun::read).toList();
        Path target = target(records);
        AtomicFile.write(target, runs.size() == 1 ? RunReport.of(runs.getFirst()) : ComparisonReport.of(runs));
        Written written = new Written(
                target.toString(), records.stream().map(Path::toString).toList());
        common.print(
                written,
                out -> out.println("Report of " + (runs.size() == 1 ? "the run" : runs.size() + " runs") + ": "
                        + written.report()));
    }

    private Path target(List<Path> records) {
        if (output == null) {
            if (records.size() == 1) {
                return records.getFirst().resolve(RunRecord.REPORT);
            }
            throw FailureKind.USAGE.failure(
                    "a report of " + records.size() + " runs belongs to none of them; say with --output where it goes");
        }
        if (Files.exists(output, LinkOption.NOFOLLOW_LINKS)) {
            throw FailureKind.OUTPUT_NOT_EMPTY.failure(
                    "'" + output + "' exists; delete it, or choose another --output");
        }
        return output;
    }

    /** A record, or the finished ones in a directory and in those within it, by name. */
    private static List<Path> records(Path directory) {
        if (RunRecord.holdsRun(directory) || !Files.isDirectory(directory)) {
            return List.of(directory); // what is wrong with it is told where it is read
        }
        try (Stream<Path> within = Files.walk(directory, DEPTH)) {
            List<Path> found = within.filter(RunRecord::holdsResult).sorted().toList();
            return found.isEmpty() ? List.of(directory) : found;
        } catch (IOException e) {
            throw ReadFailure.of(directory, e);
        } catch (UncheckedIOException e) { // of a directory within it
            throw ReadFailure.of(directory, Objects.requireNonNull(e.getCause()));
        }
    }
}
