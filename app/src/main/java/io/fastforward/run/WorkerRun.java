package io.fastforward.run;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Reason;
import io.fastforward.failure.Setting;
import io.fastforward.plugin.PluginRegistry;
import io.fastforward.report.Progress;
import io.fastforward.spi.search.Workload;
import io.fastforward.worker.WorkerLines;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;

/** Evaluates batches of candidates for a search in another process, until there are no more. */
public final class WorkerRun {

    private WorkerRun() {}

    /**
     * What is asked for.
     *
     * @param workload the file with the workload; empty if it is the first line of the input
     * @param model where the model is here; empty if it is where the workload says
     */
    public record Request(Optional<Path> workload, Optional<Path> model, Compute compute) {}

    /**
     * Opens the model and evaluates.
     *
     * @param input a batch a line
     * @param answers is given the results of each, a line without its end
     * @throws Failure if the workload or a batch is none, or does not fit the model that is here
     */
    public static void execute(
            Request request,
            PluginRegistry plugins,
            Progress progress,
            BufferedReader input,
            Consumer<String> answers) {
        try {
            Workload workload = workload(request, input);
            try (ModelWorker worker = ModelWorker.open(
                    workload,
                    request.model().orElse(Path.of(workload.model())),
                    plugins,
                    request.compute(),
                    progress)) {
                int number = 0;
                for (String line = input.readLine(); line != null; line = input.readLine()) {
                    number++;
                    answers.accept(WorkerLines.answer(
                            worker.evaluate(WorkerLines.batch(line, "batch " + number + " of the standard input"))));
                }
                progress.note("Evaluated " + number + " batches");
            }
        } catch (CharacterCodingException e) {
            throw FailureKind.BAD_RECORD.failure("the standard input is not UTF-8", e);
        } catch (IOException e) {
            throw FailureKind.BAD_RECORD.failure("the standard input cannot be read: " + Reason.of(e), e);
        }
    }

    private static Workload workload(Request request, BufferedReader input) throws IOException {
        if (request.workload().isPresent()) {
            return workload(request.workload().get());
        }
        String line = input.readLine();
        if (line == null) {
            throw FailureKind.USAGE.failure(
                    "the standard input is empty; its first line is to be the workload (" + Setting.WORKLOAD + ")");
        }
        return WorkerLines.workload(line, "the first line of the standard input");
    }

    private static Workload workload(Path file) {
        try {
            return WorkerLines.workload(Files.readString(file), "the file '" + file + "'");
        } catch (CharacterCodingException e) {
            throw FailureKind.BAD_RECORD.failure("the workload '" + file + "' is not UTF-8", e);
        } catch (IOException e) {
            throw FailureKind.NOT_FOUND.failure("the workload '" + file + "' cannot be read: " + Reason.of(e), e);
        }
    }
}
