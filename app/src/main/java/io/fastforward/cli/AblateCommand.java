package io.fastforward.cli;

import io.fastforward.batch.Ablation;
import io.fastforward.batch.AblationTable;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** One change at a time, and what each costs. */
@Command(
        name = "ablate",
        description = "Changes one setting after the other of a base, as a file says, and makes tables of the runs:"
                + " table.csv, table.json and table.md with a row for each, ablation.csv and ablation.md by setting, in"
                + " the output directory, anew after every run.",
        footerHeading = "%nExamples:%n",
        footer = {"  fastforward ablate ablation.yaml --output DIR"},
        mixinStandardHelpOptions = true,
        sortOptions = false,
        usageHelpAutoWidth = true)
final class AblateCommand implements Runnable {

    @Mixin
    private BatchOptions options;

    @Mixin
    private CommonOptions common;

    @Mixin
    private ComputeOptions compute;

    @Override
    public void run() {
        Ablation ablation = Ablation.read(options.file, options.template(compute.compute()));
        new ManyRuns(
                        ablation.name(),
                        ablation.runs(),
                        options,
                        common,
                        rows -> Optional.of(new AblationTable(ablation, rows).table()))
                .run();
    }
}
