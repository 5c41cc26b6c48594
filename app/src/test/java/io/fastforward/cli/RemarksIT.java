package io.fastforward.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fastforward.testing.DemoModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every command says once what is odd about a checkpoint, and output for programs stays clean. */
class RemarksIT {

    private static final String REMARK = "dtype and torch_dtype contradict each other";

    @TempDir
    private Path directory;

    private Path model;

    @BeforeEach
    void writeOddModel() throws IOException {
        model = DamagedModel.copyTo(directory.resolve("model"))
                .withConfig(config -> config.put("dtype", "float16").put("torch_dtype", "bfloat16"));
    }

    @Test
    void readersSayIt() throws IOException {
        String text = Files.writeString(directory.resolve("text.txt"), "Once upon a time. ".repeat(50))
                .toString();
        requireOnce(CommandRun.of("evaluate", model.toString(), "--text", text, "--window", "16")
                .errors());
        requireOnce(CommandRun.of("generate", model.toString(), "--prompt", "Once", "--max-tokens", "2")
                .errors());
        requireOnce(CommandRun.of("inspect", model.toString()).output());
        requireRemark(CommandRun.of("inspect", model.toString(), "--json"));
        requireRemark(CommandRun.of("evaluate", model.toString(), "--text", text, "--window", "16", "--json"));
        CommandRun said =
                CommandRun.of("generate", model.toString(), "--prompt", "Once", "--max-tokens", "2", "--json");
        requireRemark(new ObjectMapper().readTree(said.succeeds().text()).path(0));
        JsonNode clean = new ObjectMapper()
                .readTree(CommandRun.of("inspect", DemoModel.directory().toString(), "--json")
                        .text());
        assertThat(clean.path("remarks")).isEmpty();
    }

    @Test
    void writersSayItAndLeaveItBehind() throws IOException {
        Path exported = directory.resolve("exported");
        requireOnce(CommandRun.of("export", model.toString(), "--output", exported.toString())
                .errors());
        requireOnce(SmallRun.into(directory.resolve("out")).of(model).run().errors());
        requireOnce(Files.readAllLines(directory.resolve("out-run").resolve("run.log")));
        requireRemark(new ObjectMapper()
                .readTree(directory.resolve("out-run").resolve("result.json").toFile()));
        Path again = directory.resolve("again");
        requireRemark(CommandRun.of("export", model.toString(), "--output", again.toString(), "--json"));
        for (String written : List.of("exported", "out")) {
            CommandRun inspected =
                    CommandRun.of("inspect", directory.resolve(written).toString());
            assertThat(inspected.succeeds().text()).doesNotContain("Warning");
        }
    }

    private static void requireRemark(CommandRun run) throws IOException {
        requireRemark(new ObjectMapper().readTree(run.succeeds().text()));
    }

    private static void requireRemark(JsonNode result) {
        assertThat(result.path("remarks"))
                .singleElement()
                .satisfies(line -> assertThat(line.asText()).contains(REMARK));
    }

    private static void requireOnce(List<String> lines) {
        assertThat(lines)
                .filteredOn(line -> line.contains(REMARK))
                .singleElement()
                .satisfies(line -> assertThat(line).contains("Warning: "));
    }
}
