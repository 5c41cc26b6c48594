package io.fastforward.cli;

import io.fastforward.batch.RunTemplate;
import io.fastforward.failure.Setting;
import io.fastforward.run.Compute;
import java.nio.file.Path;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Options of commands that do the runs of a file. */
@OptionHeading("Runs")
final class BatchOptions {

    private static final int MOST_JOBS = 1024; // more than the largest machines have cores

    @Parameters(paramLabel = "FILE", description = "What to do: YAML, or JSON if its name ends in .json.")
    Path file = Path.of("");

    @Option(
            names = "--output",
            paramLabel = "DIR",
            required = true,
            description = "Where records, tables and what runs share go.")
    Path output = Path.of("");

    @Option(
            names = "--jobs",
            paramLabel = "N",
            defaultValue = "1",
            description = "Runs at a time, in one process, each with its part of the threads and the memory; a GPU"
                    + " serves one at a time best; default:"
                    + " ${DEFAULT-VALUE}.")
    int jobs;

    @Option(
            names = "--resume",
            description =
                    "Go on with interrupted runs and try again what failed; figures of finished runs are taken from"
                            + " their records.")
    boolean resume;

    @Option(
            names = "--keep-models",
            arity = "1",
            paramLabel = "true|false",
            defaultValue = "false",
            description = "Keep the checkpoints that runs write; else each is deleted once it was measured, and its"
                    + " policy.json stays; default: ${DEFAULT-VALUE}.")
    boolean keepModels;

    @Option(names = "--dry-run", description = "Check every run, print them and what they share, and do nothing.")
    boolean dryRun;

    /** What the runs have in common. */
    RunTemplate template(Compute all) {
        Setting.JOBS.require(jobs >= 1 && jobs <= MOST_JOBS, "from 1 to " + MOST_JOBS, jobs);
        return new RunTemplate(output, resume, keepModels, all.forEachOf(jobs));
    }
}
