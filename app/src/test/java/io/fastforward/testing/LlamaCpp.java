package io.fastforward.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Assumptions;

/**
 * llama.cpp (build b4916, in de.kherud:llama 4.2.0) as a reader of GGUF files by others.
 *
 * @param file the GGUF file
 */
public record LlamaCpp(Path file) {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int MOST_SECONDS = 120;

    /**
     * Skips tests where the binding's native library does not load: it has one for few machines, and wants instructions
     * that not all of those have.
     *
     * @param directory for what it unpacks
     */
    public static void assumeItRuns(Path directory) {
        Run run = run(directory);
        Assumptions.assumeTrue(run.exit() == 0, "llama.cpp does not run here:\n" + run.log());
    }

    /** Tokens of texts, without those that begin and end a text. */
    public List<int[]> tokens(List<String> texts) {
        ObjectNode questions = JSON.createObjectNode();
        texts.forEach(questions.putArray("tokenize")::add);
        return stream(ask(questions).path("tokens")).map(Golden::ints).toList();
    }

    /** Hidden states after the last token of texts, with the final normalisation, scaled to length 1. */
    public List<double[]> lastHiddenStates(List<String> texts) {
        ObjectNode questions = JSON.createObjectNode().put("embeddings", true);
        texts.forEach(questions.putArray("embed")::add);
        return stream(ask(questions).path("vectors")).map(Golden::doubles).toList();
    }

    /** The most likely continuation of a text, token by token. */
    public String greedy(String text, int tokens) {
        ObjectNode questions = JSON.createObjectNode().put("length", tokens);
        questions.putArray("complete").add(text);
        return ask(questions).path("texts").path(0).textValue();
    }

    private static Stream<JsonNode> stream(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false);
    }

    private JsonNode ask(ObjectNode questions) {
        try {
            Path directory = Files.createTempDirectory(file.toAbsolutePath().getParent(), "llama");
            Path asked = directory.resolve("questions.json");
            Path answers = directory.resolve("answers.json");
            JSON.writeValue(asked.toFile(), questions);
            Run run = run(directory, file.toAbsolutePath(), asked, answers);
            if (run.exit() != 0) {
                throw new AssertionError("llama.cpp does not read " + file + ":\n" + run.log());
            }
            return JSON.readTree(answers.toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * A process that has ended.
     *
     * @param exit its exit code; −1 if it had to be ended
     * @param log what it said
     */
    private record Run(int exit, String log) {}

    private static Run run(Path directory, Path... arguments) {
        try {
            Path log = directory.resolve("log.txt");
            List<String> command = new ArrayList<>(List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "--enable-native-access=ALL-UNNAMED",
                    "-Djava.io.tmpdir=" + directory.toAbsolutePath(),
                    "-cp",
                    System.getProperty("java.class.path"),
                    LlamaCppProcess.class.getName()));
            for (Path argument : arguments) {
                command.add(argument.toString());
            }
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile())
                    .directory(directory.toFile())
                    .start();
            try {
                boolean ended = process.waitFor(MOST_SECONDS, TimeUnit.SECONDS);
                return new Run(ended ? process.exitValue() : -1, Files.readString(log));
            } finally {
                process.destroyForcibly();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }
}
