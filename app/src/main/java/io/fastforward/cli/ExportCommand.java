package io.fastforward.cli;

import io.fastforward.run.ExportRun;
import io.fastforward.settings.PruneSettings;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Writes a pruned checkpoint again in another form. */
@Command(
        name = "export",
        description = {
            "Writes a checkpoint again in another form or data type, reads it back and compares the logits.",
            "hf-padded fills a pruned model up with zeros to its original shape: it loads wherever that did."
        },
        mixinStandardHelpOptions = true)
final class ExportCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "MODEL_DIR", description = "Checkpoint directory.")
    private Path directory;

    @Option(names = "--output", required = true, paramLabel = "DIR", description = "Where it goes; must be empty.")
    private Path output;

    @Mixin
    private ExportOptions form;

    @Mixin
    private CommonOptions common;

    @Mixin
    private ComputeOptions compute;

    @SuppressWarnings("NullAway.Init") // picocli fills in the fields
    ExportCommand() {}

    @Override
    public Integer call() {
        ExportRun.Request request = new ExportRun.Request(
                directory, output, form.settings(PruneSettings.DEFAULT.export()), compute.compute());
        ExportRun.Written written = ExportRun.execute(request, common.loadPlugins(), Console.of(common.json));
        PrintWriter out = spec.commandLine().getOut();
        if (common.json) {
            out.println(JsonOutput.of(written));
        } else {
            boolean compared = !Double.isNaN(written.reloadDifference());
            out.println(written.output()
                    + (compared
                            ? String.format(
                                    Locale.ROOT,
                                    ": read back, its logits differ by %.1e (relative) from those of %s",
                                    written.reloadDifference(),
                                    directory)
                            : ": written, and not compared, since its format cannot be read back"));
        }
        return 0;
    }
}
