package io.fastforward.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.PlainText;
import io.fastforward.testing.DemoModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Nothing that a file says can steer the terminal of whoever looks at it. */
class HostileTextTest {

    /** Clears the screen, moves, sets the title, turns the writing direction; as bytes of one and of two characters. */
    private static final String HOSTILE = "\u001b[2J\u001b[1;1H\u001b]0;owned\u0007\u009b31m\u202Eevil\u2066\r";

    @TempDir
    private Path directory;

    @ParameterizedTest
    @ValueSource(
            strings = {"model_type", "hidden_act", "torch_dtype", "architectures", "rope_scaling", "hidden_size", "text"
            })
    void configs(String key) throws IOException {
        Path model = DamagedModel.copyTo(directory.resolve("model")).withConfig(config -> {
            if (key.equals("architectures")) {
                config.putArray(key).add(HOSTILE);
            } else if (key.equals("rope_scaling")) {
                config.remove("rope_parameters");
                config.putObject(key).put("rope_type", HOSTILE).put("factor", 2);
            } else {
                config.put(key, HOSTILE);
            }
        });
        isPlain(CommandRun.of("inspect", model.toString()));
        isPlain(CommandRun.of("inspect", model.toString(), "--json"));
    }

    @Test
    void tokenizers() throws IOException {
        Path model = DamagedModel.copyTo(directory.resolve("model"))
                .with("tokenizer.json", "{\"model\": {\"type\": \"\\u001b[2J\u202E\"}}");
        CommandRun run = CommandRun.of("generate", model.toString(), "--prompt", "x");
        isPlain(run);
        run.isRefused(FailureKind.BAD_CHECKPOINT, "tokenizer.json");
    }

    @Test
    void policies() throws IOException {
        Path policy = Files.writeString(
                directory.resolve("policy.json"),
                "{\"format\": \"\\u001b[2J\", \"version\": 2, \"attentionUnit\": \"\\u009b1m\u202E\", \"sparsity\": 0.3,"
                        + " \"layers\": []}");
        isPlain(SmallRun.into(directory.resolve("out"))
                .without("--sparsity")
                .with("--policy", policy)
                .run());
    }

    /** What the user typed may have been pasted from somewhere. */
    @Test
    void argumentsAndNamesOfFiles() {
        isPlain(CommandRun.of("inspect", HOSTILE));
        isPlain(CommandRun.of(HOSTILE));
        isPlain(CommandRun.of("evaluate", "x", "--text", HOSTILE, "--window", HOSTILE));
        isPlain(CommandRun.of("prune", "x", "--criterion", HOSTILE, "--output", HOSTILE, "--calibration", HOSTILE));
    }

    @Test
    void whatAModelSaysIsPlain() {
        isPlain(CommandRun.of(
                "generate", DemoModel.directory().toString(), "--prompt", "once " + HOSTILE, "--max-tokens", "2"));
    }

    @Test
    void messagesAreBounded() throws IOException {
        Path model = DamagedModel.copyTo(directory.resolve("model"))
                .withConfig(config -> config.put("model_type", "x".repeat(100_000)));
        CommandRun run = CommandRun.of("inspect", model.toString());
        run.isRefused(FailureKind.UNSUPPORTED_MODEL, "not supported", "llama");
        assertThat(run.errors()).allSatisfy(line -> assertThat(line).hasSizeLessThan(2_100));
    }

    @Test
    void jsonForProgramsKeepsTheText() throws IOException {
        String json = JsonOutput.of(List.of("\u009b\u202E\u001b\r\n😀\udb40\udc41"));
        assertThat(json.codePoints().filter(c -> c != '\r')).allMatch(PlainText::isPlain);
        assertThat(new ObjectMapper().readTree(json).get(0).textValue())
                .isEqualTo("\u009b\u202E\u001b\r\n😀\udb40\udc41");
    }

    private static void isPlain(CommandRun run) {
        assertThat(Stream.concat(run.output().stream(), run.errors().stream()))
                .isNotEmpty()
                .allSatisfy(line -> assertThat(line.codePoints().boxed()).allMatch(PlainText::isPlain));
    }
}
