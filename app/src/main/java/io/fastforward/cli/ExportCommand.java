package io.fastforward.cli;

import io.fastforward.run.ExportRun;
import io.fastforward.settings.PruneSettings;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Writes a pruned checkpoint again in another form. */
@Command(
        name = "export",
        description = {
            "Writes a checkpoint again in another form or data type, reads it back and compares the logits.",
            "hf-padded fills a pruned model up with zeros to its original shape: it loads wherever that did.",
            "gguf writes a file for llama.cpp, decilm a directory for vLLM, pruned models included."
        },
        footerHeading = "%nExamples:%n",
        footer = {"  fastforward export OUT_DIR --format gguf --dtype F16 --output GGUF_DIR"},
        mixinStandardHelpOptions = true)
final class ExportCommand implements Runnable {

    @Parameters(paramLabel = "MODEL_DIR", description = "Checkpoint directory.")
    private Path directory;

    @Option(names = "--output", required = true, paramLabel = "DIR", description = "Where it goes; must be empty.")
    private Path output;

    @Option(
            names = "--option",
            paramLabel = "format.NAME=VALUE",
            description = "An option of the format; the command 'plugins' lists them.")
    private List<String> options = List.of();

    @Mixin
    private ExportOptions form;

    @Mixin
    private CommonOptions common;

    @Mixin
    private ComputeOptions compute;

    @SuppressWarnings("NullAway.Init") // picocli fills in the fields
    ExportCommand() {}

    @Override
    public void run() {
        ExportRun.Request request = new ExportRun.Request(
                directory,
                output,
                form.settings(PruneSettings.DEFAULT.export()),
                OptionValues.of(options),
                compute.compute());
        ExportRun.Written written = ExportRun.execute(request, common.loadPlugins(), Console.of(common.json));
        common.print(written, out -> out.println(written.output() + comparison(written)));
    }

    private String comparison(ExportRun.Written written) {
        return Double.isNaN(written.reloadDifference())
                ? ": written, and not compared, since its format cannot be read back"
                : String.format(
                        Locale.ROOT,
                        ": read back, its logits differ by %.1e (relative) from those of %s",
                        written.reloadDifference(),
                        directory);
    }
}
