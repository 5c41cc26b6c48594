package io.fastforward.cli;

import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options of commands that ask questions. */
@OptionHeading("Texts and figures")
final class TaskOptions {

    @Option(
            names = "--tasks",
            paramLabel = "FILE",
            description = "Multiple-choice questions to report on, one JSON object a line.")
    private @Nullable Path file;

    @Option(names = "--most-tasks", paramLabel = "N", description = "Most questions to ask; default: all.")
    @Nullable
    Integer most;

    Optional<Path> file() {
        return Optional.ofNullable(file);
    }
}
