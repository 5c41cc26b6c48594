package io.fastforward.cli;

import io.fastforward.batch.Batch;
import io.fastforward.report.Table;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Many runs, and one table of them. */
@Command(
        name = "batch",
        description =
                "Does the runs of a file, with every combination of its grid and on every one of its models, and makes"
                        + " a table of them: table.csv, table.json and table.md in the output directory, anew after every run.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  fastforward batch runs.yaml --output DIR --jobs 2",
            "  fastforward batch runs.yaml --output DIR --dry-run"
        },
        mixinStandardHelpOptions = true,
        sortOptions = false,
        usageHelpAutoWidth = true)
final class BatchCommand implements Runnable {

    @Mixin
    private BatchOptions options;

    @Mixin
    private CommonOptions common;

    @Mixin
    private ComputeOptions compute;

    @Override
    public void run() {
        Batch batch = Batch.read(options.file, options.template(compute.compute()));
        new ManyRuns(batch.name(), batch.runs(), options, common, rows -> Optional.<Table>empty()).run();
    }
}
