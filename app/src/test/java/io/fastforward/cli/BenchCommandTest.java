package io.fastforward.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fastforward.failure.FailureKind;
import io.fastforward.testing.DemoModel;
import io.fastforward.testing.RandomLlama;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BenchCommandTest {

    private static final String DEMO = DemoModel.directory().toString();

    @Test
    void measuresModelsSideBySide(@TempDir Path directory) throws IOException {
        Path small = new RandomLlama().write(directory);
        CommandRun run = CommandRun.of(
                        "bench",
                        DEMO,
                        small.toString(),
                        "--prompt-tokens",
                        "20",
                        "--new-tokens",
                        "5",
                        "--rounds",
                        "2",
                        "--json")
                .succeeds();
        JsonNode speeds = new ObjectMapper().readTree(run.text());
        assertThat(speeds).hasSize(2);
        JsonNode demo = speeds.get(0);
        assertThat(demo.get("model").textValue()).isEqualTo(DEMO);
        assertThat(demo.get("parameters").longValue()).isEqualTo(3_935_424);
        for (JsonNode speed : speeds) {
            for (String name : new String[] {"firstTokenSeconds", "promptTokensPerSecond", "newTokensPerSecond"}) {
                JsonNode spread = speed.get(name);
                assertThat(spread.get("least").doubleValue()).isPositive();
                assertThat(spread.get("median").doubleValue())
                        .isBetween(
                                spread.get("least").doubleValue(),
                                spread.get("most").doubleValue());
            }
        }
        if (Files.exists(Path.of("/proc/self/status"))) {
            // In a process that has done other things, room for this little may be free already.
            assertThat(demo.get("memoryBytes").longValue()).isBetween(0L, 200L << 20);
        }
        assertThat(run.errors()).noneMatch(line -> line.contains("Warning"));
    }

    @Test
    void peopleSeeATable(@TempDir Path directory) {
        Path small = new RandomLlama().write(directory);
        assertThat(CommandRun.of(
                                "bench",
                                small.toString(),
                                small.toString(),
                                "--prompt-tokens",
                                "3",
                                "--new-tokens",
                                "2",
                                "--rounds",
                                "1")
                        .succeeds()
                        .output())
                .anyMatch(line -> line.startsWith("model ") && line.contains("new tokens/s"))
                .anyMatch(line -> line.contains("1.00"))
                .anyMatch(line -> line.contains("Medians of 1 rounds"));
    }

    @Test
    void whatDoesNotFitIsRefused(@TempDir Path directory) {
        Path small = new RandomLlama().write(directory);
        CommandRun.of("bench", small.toString(), "--prompt-tokens", "60", "--new-tokens", "5")
                .isRefused(FailureKind.USAGE, "context has 64 tokens", "--prompt-tokens", "--new-tokens", "65");
        CommandRun.of("bench", DEMO, "--memory", "0.01").isRefused(FailureKind.USAGE, "--memory", "measure fewer");
        CommandRun.of("bench", DEMO, "--rounds", "0").isRefused(FailureKind.USAGE, "--rounds must be at least 1");
        CommandRun.of("bench", DEMO, "--new-tokens", "1")
                .isRefused(FailureKind.USAGE, "--new-tokens must be at least 2");
        CommandRun.of("bench", "nowhere").isRefused(FailureKind.NOT_FOUND, "nowhere");
        CommandRun.of("bench").isRefused(FailureKind.USAGE, "MODEL_DIR");
    }
}
