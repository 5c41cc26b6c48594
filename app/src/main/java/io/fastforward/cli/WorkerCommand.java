package io.fastforward.cli;

import io.fastforward.run.WorkerRun;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Evaluates candidates for a search in another process. */
@Command(
        name = "worker",
        description = {
            "Evaluates candidates for a search that goes on elsewhere: reads batches from standard input and writes their",
            "results to standard output, a line of JSON each. Started by the executor 'process', or by any scheduler."
        },
        footerHeading = "%nExamples:%n",
        footer = {"  fastforward worker --workload workload.json"},
        mixinStandardHelpOptions = true)
final class WorkerCommand implements Runnable {

    private static final String STANDARD_INPUT = "-";

    @Option(
            names = "--workload",
            required = true,
            paramLabel = "FILE|-",
            description =
                    "What all candidates have in common, as the executor 'process' writes it; -: the first line of"
                            + " standard input.")
    private String workload;

    @Option(
            names = "--model",
            paramLabel = "DIR",
            description = "Where the model is on this machine; default: where the workload says.")
    private @Nullable Path model;

    @Option(
            names = "--parent",
            paramLabel = "PID",
            description = "End as soon as this process has ended; default: at the end of standard input.")
    private @Nullable Long parent;

    @Mixin
    private CommonOptions common;

    @Mixin
    private ComputeOptions compute;

    @SuppressWarnings("NullAway.Init") // picocli fills in the fields
    WorkerCommand() {}

    @Override
    public void run() {
        endWithParent();
        PrintWriter out = common.out();
        BufferedReader input =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8.newDecoder()));
        WorkerRun.Request request = new WorkerRun.Request(
                Optional.of(workload)
                        .filter(file -> !file.equals(STANDARD_INPUT))
                        .map(Path::of),
                Optional.ofNullable(model),
                compute.compute());
        WorkerRun.execute(request, common.loadPlugins(), Console.of(common.json), input, line -> {
            out.println(line);
            out.flush();
        });
    }

    /** Nobody waits for what this process computes when the one that wants it is gone. */
    private void endWithParent() {
        if (parent == null) {
            return;
        }
        // An ended process has no handle: then there is nothing to wait for.
        CompletableFuture<?> end = ProcessHandle.of(parent)
                .<CompletableFuture<?>>map(ProcessHandle::onExit)
                .orElseGet(() -> CompletableFuture.completedFuture(null));
        CompletableFuture<?> _ = end.thenRun(() -> Runtime.getRuntime().halt(0));
    }
}
