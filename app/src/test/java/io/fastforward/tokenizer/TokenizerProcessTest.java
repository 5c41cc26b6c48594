package io.fastforward.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fastforward.failure.FailureKind;
import io.fastforward.testing.Failures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class TokenizerProcessTest {

    private static final long SMALL_HEAP = 16 << 20;

    /** What is left of a text that did not fit is no request. */
    @Test
    void aTextThatDoesNotFitIsRefusedAtOnce() throws IOException, TokenizerTrouble {
        try (TokenizerProcess process = TokenizerProcess.start(TokenizerProcess.PATIENCE, SMALL_HEAP)) {
            process.open(Files.readString(TokenizerTest.RESOURCES.resolve("tokenizer.json")));
            assertThat(process.encode("a", false)).isNotEmpty();
            String text = "a b c d e ".repeat(4_000_000);
            assertThatThrownBy(() -> process.encode(text, false))
                    .isInstanceOfSatisfying(
                            TokenizerTrouble.class,
                            trouble -> assertThat(trouble.kind()).isEqualTo(TokenizerTrouble.Kind.OUT_OF_MEMORY));
        }
    }

    /** An uncaught exception alone would leave it waiting for its parent's end. */
    @Test
    void anUnknownRequestEndsIt() throws Exception {
        Process server = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        TokenizerServer.class.getName())
                .start();
        try {
            server.getOutputStream().write(101);
            server.getOutputStream().flush();
            assertThat(server.waitFor(30, TimeUnit.SECONDS)).isTrue();
            assertThat(server.exitValue()).isEqualTo(1);
            assertThat(server.errorReader().readAllAsString()).contains("there is no request 101");
        } finally {
            server.destroyForcibly();
        }
    }

    @Test
    void neitherTextNorTokenizerIsBlamedIfItIsKilled() throws Exception {
        Set<ProcessHandle> others = ProcessHandle.current().children().collect(Collectors.toSet());
        try (Tokenizer tokenizer = Tokenizer.open(TokenizerTest.RESOURCES)) {
            List<ProcessHandle> own = ProcessHandle.current()
                    .children()
                    .filter(child -> !others.contains(child))
                    .toList();
            assertThat(own).hasSize(1);
            own.getFirst().destroyForcibly();
            own.getFirst().onExit().get(30, TimeUnit.SECONDS);
            Failures.expect(
                    FailureKind.BAD_TEXT,
                    () -> tokenizer.encode("a text", false),
                    "was killed",
                    "want of memory",
                    "<text.unit> LINE");
            Failures.expect(
                    FailureKind.STORAGE, () -> tokenizer.decode(new int[1], false), "was killed", "free memory");
        }
    }
}
