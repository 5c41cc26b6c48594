package io.fastforward.cli;

import static java.util.Objects.requireNonNullElse;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The record of a run: where it goes, and whether to go on with it. */
@OptionHeading("Output")
final class RecordOptions {

    @Option(
            names = "--run-dir",
            paramLabel = "DIR",
            description = "Where the record of the run goes; default: the output's name with -run.")
    private @Nullable Path directory;

    @Option(names = "--resume", description = "Go on with an interrupted run: same command, same result.")
    boolean resume;

    /**
     * That of one of several runs.
     *
     * @param output of one of them
     */
    Path ofSeveral(Path output) {
        return directory == null ? directory(output) : directory.resolve(output.getFileName());
    }

    /** @param output of the run */
    Path directory(Path output) {
        return requireNonNullElse(directory, output.resolveSibling(output.getFileName() + "-run"));
    }
}
