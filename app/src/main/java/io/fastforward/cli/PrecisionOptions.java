package io.fastforward.cli;

import io.fastforward.settings.PrecisionChoice;
import picocli.CommandLine.Option;

/** In what precision a command computes. */
@OptionHeading("Computing")
final class PrecisionOptions {

    @Option(
            names = "--precision",
            paramLabel = "auto|f32|bf16",
            description =
                    "In what precision products are, and weights in memory: bf16 is half as large, and auto is bf16"
                            + " where a trial finds that faster on this machine; default: f32.")
    PrecisionChoice precision = PrecisionChoice.F32;
}
