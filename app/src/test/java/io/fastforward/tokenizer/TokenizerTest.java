package io.fastforward.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenizerTest {

    static final Path RESOURCES = Path.of("src/test/resources/tokenizer");

    @Test
    void tokensAreThoseOfTheReferenceLibrary() throws IOException {
        ObjectMapper json = new ObjectMapper();
        JsonNode golden = json.readTree(RESOURCES.resolve("golden.json").toFile());
        assertThat(golden).hasSize(11);
        try (Tokenizer tokenizer = Tokenizer.open(RESOURCES)) {
            for (JsonNode expected : golden) {
                String text = expected.path("text").asText();
                int[] plain = json.treeToValue(expected.path("plain"), int[].class);
                assertThat(tokenizer.encode(text, false)).isEqualTo(plain);
                assertThat(tokenizer.encode(text, true))
                        .isEqualTo(json.treeToValue(expected.path("special"), int[].class));
                assertThat(tokenizer.decode(plain, false)).isEqualTo(text);
            }
        }
    }

    /** The file asks for truncation to 4 tokens and padding to 8. */
    @Test
    void textsAreNeitherCutNorPadded() {
        try (Tokenizer tokenizer = Tokenizer.open(RESOURCES)) {
            assertThat(tokenizer.encode("", true)).hasSize(1);
            int[] word = tokenizer.encode(" token", false);
            int[] words = tokenizer.encode(" token".repeat(20_000), false);
            assertThat(words).hasSize(20_000 * word.length);
            assertThat(tokenizer.decode(words, false)).hasSize(20_000 * 6);
        }
    }

    @Test
    void specialTokensAreSkippedOnRequest() {
        try (Tokenizer tokenizer = Tokenizer.open(RESOURCES)) {
            int[] ids = tokenizer.encode("a text", true);
            assertThat(tokenizer.decode(ids, true)).isEqualTo("a text");
            assertThat(tokenizer.decode(ids, false)).isEqualTo("<s>a text");
        }
    }

    @Test
    void halfACharacterIsRefused() {
        try (Tokenizer tokenizer = Tokenizer.open(RESOURCES)) {
            for (String text : List.of("ab\uD83D", "ab\uDE00\uD83D", "ab\uD83Dc")) {
                assertThatThrownBy(() -> tokenizer.encode(text, false))
                        .isInstanceOfSatisfying(
                                Failure.class,
                                failure -> assertThat(failure.kind()).isEqualTo(FailureKind.BAD_TEXT))
                        .hasMessageContaining("position 2, the surrogate U+D");
            }
            assertThat(tokenizer.decode(tokenizer.encode("\uD83D\uDE00\uD83D\uDE00", false), false))
                    .isEqualTo("\uD83D\uDE00\uD83D\uDE00");
        }
    }

    /** Also when it is killed, and whatever the library is doing. */
    @Test
    void itsProcessEndsWithTheOneThatOpenedIt() throws Exception {
        Process parent = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        WaitingTokenizer.class.getName())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try {
            assertThat(parent.inputReader().readLine()).isEqualTo("open");
            List<ProcessHandle> children = parent.children().toList();
            assertThat(children).hasSize(1);
            children.getFirst().destroy(); // as Ctrl-C does, it reaches both
            parent.destroyForcibly().waitFor();
            children.getFirst().onExit().get(30, TimeUnit.SECONDS);
        } finally {
            parent.destroyForcibly();
        }
    }

    /** A process that opens a tokenizer and then does nothing. */
    static final class WaitingTokenizer {
        public static void main(String[] arguments) throws InterruptedException {
            try (Tokenizer tokenizer = Tokenizer.open(RESOURCES)) {
                tokenizer.encode("a", true);
                System.out.println("open");
                Thread.sleep(Duration.ofMinutes(1));
            }
        }
    }

    /** The terminal sends what ends the run to this process, too. */
    @Test
    void itGoesOnThoughItsProcessIsToldToEnd() throws IOException {
        try (Tokenizer tokenizer = Tokenizer.open(RESOURCES)) {
            ProcessHandle.current()
                    .children()
                    .filter(TokenizerTest::isTokenizer)
                    .forEach(ProcessHandle::destroy);
            assertThat(tokenizer.encode("a", false)).isNotEmpty();
        }
    }

    private static boolean isTokenizer(ProcessHandle process) {
        return process.info().commandLine().orElse("").contains(TokenizerServer.class.getName());
    }

    @Test
    void aClosedTokenizerIsRefused() {
        Tokenizer tokenizer = Tokenizer.open(RESOURCES);
        tokenizer.close();
        tokenizer.close();
        assertThatThrownBy(() -> tokenizer.encode("a", false)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> tokenizer.decode(new int[1], false)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aMissingFileIsExplained(@TempDir Path directory) {
        assertThatThrownBy(() -> Tokenizer.open(directory))
                .isInstanceOfSatisfying(
                        Failure.class, failure -> assertThat(failure.kind()).isEqualTo(FailureKind.NOT_FOUND))
                .hasMessageContainingAll(directory.resolve("tokenizer.json").toString(), "save_pretrained");
    }

    @Test
    void aDamagedFileIsExplained(@TempDir Path directory) throws IOException {
        Path file = directory.resolve("tokenizer.json");
        for (String contents : List.of("", "{", "{}", "[]", "{\"model\":{\"type\":\"none\"}}")) {
            Files.writeString(file, contents);
            assertDamaged(directory, file);
        }
        Files.write(file, new byte[] {(byte) 0xFF});
        assertDamaged(directory, file);
    }

    private static void assertDamaged(Path directory, Path file) {
        assertThatThrownBy(() -> Tokenizer.open(directory))
                .isInstanceOfSatisfying(
                        Failure.class, failure -> assertThat(failure.kind()).isEqualTo(FailureKind.BAD_CHECKPOINT))
                .hasMessageContainingAll(file.toString(), "download it again");
    }
}
