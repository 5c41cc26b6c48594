package io.fastforward.cli;

import static java.util.Objects.requireNonNullElse;

import io.fastforward.export.CheckpointExport;
import io.fastforward.failure.Setting;
import io.fastforward.spi.tensor.DataType;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options of commands that write checkpoints. */
@OptionHeading("Output")
final class ExportOptions {

    private static final int MOST_MEGABYTES = 1_000_000_000;
    private static final int MEGABYTE = 1_000_000;

    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            description = "hf: the real widths; hf-padded: the original shape, filled up with zeros, which loads"
                    + " everywhere and saves nothing; gguf: a file for llama.cpp; decilm: a directory for vLLM;"
                    + " 'plugins' lists all; default: ${bundle:default.export.format}.")
    private @Nullable String format;

    @Option(
            names = "--dtype",
            paramLabel = "TYPE",
            description = "Data type of the result (${COMPLETION-CANDIDATES}); default: each tensor's own.")
    private @Nullable DataType dataType;

    @Option(
            names = "--shard-size",
            paramLabel = "MB",
            description = "Most megabytes of weights in a file; default: 5000.")
    private @Nullable Long megabytes;

    CheckpointExport.Settings settings(CheckpointExport.Settings base) {
        if (megabytes != null) {
            Setting.SHARD_SIZE.require(
                    megabytes >= 1 && megabytes <= MOST_MEGABYTES, "from 1 to " + MOST_MEGABYTES, megabytes);
        }
        return new CheckpointExport.Settings(
                requireNonNullElse(format, base.format()),
                dataType == null ? base.dataType() : dataType,
                megabytes == null ? base.shardBytes() : megabytes * MEGABYTE);
    }
}
