package io.fastforward.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.failure.FailureKind;
import io.fastforward.testing.Failures;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Pipes and devices, which can be read but once or never end. */
@EnabledOnOs({OS.LINUX, OS.MAC})
class TextSourceTest {

    @TempDir
    private Path directory;

    @Test
    void aPipeIsReadOnceAndKept() throws Exception {
        Path pipe = pipe("pipe");
        CompletableFuture<Void> writer = writing(pipe, "through a pipe");
        TextSource source = TextSource.text(pipe);
        assertThat(source.isStream()).isTrue();
        assertThat(TextContents.of(source).text()).isEqualTo("through a pipe");
        writer.get();
        assertThat(TextContents.of(source).text()).isEqualTo("through a pipe");
        assertThat(source.hash().name()).isEqualTo("pipe");
        Path file = Files.writeString(directory.resolve("file"), "through a pipe");
        assertThat(source.hash().sha256())
                .isEqualTo(TextSource.text(file).hash().sha256());
    }

    @Test
    void twoOptionsCannotShareAPipe() throws Exception {
        Path pipe = pipe("pipe");
        Path link = Files.createSymbolicLink(directory.resolve("link"), pipe);
        Path other = pipe("other");
        Path file = Files.writeString(directory.resolve("file"), "text");
        TextSource source = TextSource.text(pipe);
        assertThat(source.sharesStreamWith(TextSource.text(pipe))).isTrue();
        assertThat(source.sharesStreamWith(TextSource.text(link))).isTrue();
        assertThat(source.sharesStreamWith(TextSource.text(other))).isFalse();
        assertThat(TextSource.text(file).sharesStreamWith(TextSource.text(file)))
                .isFalse();
        assertThat(TextSource.text(Path.of("-")).sharesStreamWith(TextSource.text(Path.of("-"))))
                .isTrue();
    }

    @Test
    void whatNeverEndsIsNotReadForEver() {
        Failures.expect(
                FailureKind.BAD_TEXT, () -> TextContents.of(TextSource.text(Path.of("/dev/zero"))), "/dev/zero", "NUL");
    }

    private Path pipe(String name) throws IOException, InterruptedException {
        Path pipe = directory.resolve(name);
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor())
                .isZero();
        return pipe;
    }

    private static CompletableFuture<Void> writing(Path pipe, String text) {
        return CompletableFuture.runAsync(() -> {
            try (OutputStream out = Files.newOutputStream(pipe)) {
                out.write(text.getBytes(StandardCharsets.UTF_8));
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
    }
}
