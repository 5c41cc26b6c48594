package io.fastforward.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fastforward.failure.FailureKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DoctorCommandTest {

    @Test
    void saysALineOfEverything() {
        assertThat(CommandRun.of("doctor").succeeds().output())
                .anyMatch(line -> line.startsWith("ok       Java            25"))
                .anyMatch(line -> line.startsWith("ok       memory ") && line.contains("billion parameters"))
                .anyMatch(line -> line.startsWith("ok       CPU ") && line.contains("device 'cpu'"))
                .anyMatch(line -> line.matches("(ok|note) +bfloat16 .*"))
                .anyMatch(line -> line.matches("(ok|note) +linear algebra .*"))
                .anyMatch(line -> line.startsWith("ok       tokenizers ") && line.contains("tokens in"))
                .anyMatch(line -> line.startsWith("ok       disk ") && line.contains("GiB left"))
                .anyMatch(line -> line.startsWith("ok       plugins "))
                .anyMatch(line -> line.matches("(ok|note) +GPU .*"));
    }

    @Test
    void aProblemIsListedAndEndsTheCommandWithItsKind(@TempDir Path directory) throws IOException {
        Files.writeString(directory.resolve("broken.jar"), "no jar");
        CommandRun run = CommandRun.of("doctor", "--plugins", directory.toString(), "--json");
        assertThat(run.exitCode()).isEqualTo(FailureKind.PLUGIN.exitCode());
        assertThat(run.errors())
                .anyMatch(line -> line.matches("fastforward: 1 of \\d+ checks found a problem, as listed"));
        JsonNode lines = new ObjectMapper().readTree(run.text());
        assertThat(lines.findValuesAsText("state")).containsOnlyOnce("problem").contains("ok");
        assertThat(lines).anySatisfy(line -> {
            assertThat(line.get("state").textValue()).isEqualTo("problem");
            assertThat(line.get("found").textValue()).contains("broken.jar");
            assertThat(line.get("advice").textValue()).isNotEmpty();
        });
    }
}
