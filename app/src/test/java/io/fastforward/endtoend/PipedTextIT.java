package io.fastforward.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fastforward.failure.FailureKind;
import io.fastforward.testing.DemoModel;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Texts that come through a shell's pipes, gzipped and as JSON lines. */
class PipedTextIT {

    private static final Path DEMO = DemoModel.directory();

    @TempDir
    private static Path shared;

    private static Path packed;

    @TempDir
    private Path directory;

    @BeforeAll
    static void pack() throws IOException {
        ObjectMapper json = new ObjectMapper();
        StringBuilder lines = new StringBuilder();
        for (String line : Files.readAllLines(DEMO.resolve("validation.txt"))) {
            lines.append(json.writeValueAsString(json.createObjectNode().put("story", line)))
                    .append('\n');
        }
        packed = shared.resolve("validation.jsonl.gz");
        try (var out = new GZIPOutputStream(Files.newOutputStream(packed))) {
            out.write(lines.toString().getBytes(StandardCharsets.UTF_8));
        }
    }

    @Test
    void everyWayToGiveATextGivesTheSameFigure() throws IOException {
        double expected = perplexity("--text '" + DEMO.resolve("validation.txt") + "' --text-unit line");
        assertThat(perplexity("--text '" + packed + "' --text-field story")).isEqualTo(expected);
        assertThat(perplexity("--text <(zcat '" + packed + "') --text-field story"))
                .isEqualTo(expected);
        assertThat(perplexity("--text - --text-field story < '" + packed + "'")).isEqualTo(expected);
        assertThat(perplexity("--text /dev/stdin --text-unit line < <(cat '" + DEMO.resolve("validation.txt") + "')"))
                .isEqualTo(expected);
    }

    /** What came through a pipe is known by its contents, whatever the shell called it. */
    @Test
    void aRunOverAPipeIsResumedWithTheSameText() {
        Path output = directory.resolve("out");
        String calibration = DEMO.resolve("calibration.txt").toString();
        String tasks = DEMO.resolve("tasks.jsonl").toString();
        shell(prune(output, "<(cat '" + calibration + "')") + " --tasks <(gzip -c '" + tasks + "') --most-tasks 4")
                .succeeds();
        Launcher.Finished again = shell(prune(output, "<(true; cat '" + calibration + "')")
                        + " --resume --tasks <(true; gzip -c '" + tasks + "') --most-tasks 4")
                .succeeds();
        assertThat(again.errors()).contains("This run is complete; nothing is left to do.");
        shell(prune(output, "<(head -n 200 '" + calibration + "')") + " --resume --tasks <(gzip -c '" + tasks
                        + "') --most-tasks 4")
                .isRefused(FailureKind.BAD_RECORD, "differs in the file for: calibration");
        shell(prune(directory.resolve("other"), "-") + " --tasks - < /dev/null")
                .isRefused(FailureKind.USAGE, "--calibration and --tasks name the same pipe");
    }

    private String prune(Path output, String calibration) {
        List<String> arguments = new ArrayList<>(List.of(SmallPrune.into(output)));
        int text = arguments.indexOf("--calibration") + 1;
        arguments.set(arguments.indexOf("--episodes") + 1, "5");
        return Stream.concat(Stream.of(Launcher.script().toString()), arguments.stream())
                .map(argument -> argument.equals(arguments.get(text)) ? calibration : "'" + argument + "'")
                .reduce((left, right) -> left + " " + right)
                .orElseThrow();
    }

    private double perplexity(String text) throws IOException {
        Launcher.Finished finished = shell(
                        "'" + Launcher.script() + "' evaluate '" + DEMO + "' --window 64 --windows 8 --json " + text)
                .succeeds();
        JsonNode result = new ObjectMapper().readTree(finished.text());
        assertThat(result.at("/text/tokens").intValue())
                .isEqualTo(result.at("/textTokens").intValue());
        return result.at("/perplexity/perplexity").doubleValue();
    }

    private Launcher.Finished shell(String command) {
        return Launcher.in(directory)
                .startProgram(List.of("bash", "-c", command))
                .await();
    }
}
