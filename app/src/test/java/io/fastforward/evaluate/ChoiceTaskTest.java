package io.fastforward.evaluate;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.failure.FailureKind;
import io.fastforward.testing.Failures;
import io.fastforward.tokenizer.TextSource;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChoiceTaskTest {

    private static final String GOOD = "{\"context\":\"a\",\"choices\":[\" b\",\" c\"],\"answer\":1}";

    private Path file;

    @BeforeEach
    void place(@TempDir Path directory) {
        file = directory.resolve("tasks.jsonl");
    }

    @Test
    void questionsAreReadLineByLine() throws IOException {
        Files.writeString(
                file, GOOD + "\n\n{\"kind\":\"x\",\"context\":\"ä\",\"choices\":[\"1\",\"2\",\"3\"],\"answer\":0}\n");
        assertThat(read(file, Integer.MAX_VALUE))
                .containsExactly(
                        new ChoiceTask("all", "a", List.of(" b", " c"), 1),
                        new ChoiceTask("x", "ä", List.of("1", "2", "3"), 0));
        assertThat(read(file, 1)).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "no JSON",
                "[]",
                "null",
                "7",
                "{}",
                "{\"context\":\"a\",\"choices\":[\"b\",\"c\"]}", // a key is missing
                "{\"context\":\"a\",\"answer\":0}",
                "{\"choices\":[\"b\",\"c\"],\"answer\":0}",
                "{\"context\":5,\"choices\":[\"b\",\"c\"],\"answer\":0}", // a value is of another kind
                "{\"context\":null,\"choices\":[\"b\",\"c\"],\"answer\":0}",
                "{\"context\":\"a\",\"choices\":\"bc\",\"answer\":0}",
                "{\"context\":\"a\",\"choices\":{\"A\":\"b\",\"B\":\"c\"},\"answer\":0}",
                "{\"context\":\"a\",\"choices\":[\"b\",7],\"answer\":0}",
                "{\"context\":\"a\",\"choices\":[\"b\",\"c\"],\"answer\":\"1\"}",
                "{\"context\":\"a\",\"choices\":[\"b\",\"c\"],\"answer\":0.5}",
                "{\"context\":\"a\",\"choices\":[\"b\",\"c\"],\"answer\":2}", // the answer is none of the choices
                "{\"context\":\"a\",\"choices\":[\"b\",\"c\"],\"answer\":-1}",
                "{\"context\":\"a\",\"choices\":[\"b\",\"c\"],\"answer\":4294967296}",
                "{\"context\":\"a\",\"choices\":[\"b\"],\"answer\":0}",
                "{\"context\":\"a\",\"choices\":[\"b\",\"c\"],\"answer\":0} and more",
            })
    void anErrorNamesTheLine(String line) throws IOException {
        Files.writeString(file, GOOD + "\n\n" + line + "\n" + GOOD);
        Failures.expect(
                FailureKind.BAD_TEXT,
                () -> read(file, Integer.MAX_VALUE),
                "line 3 of the task file '" + file + "'",
                "\"choices\"");
    }

    @Test
    void anErrorSaysWhatIsWrong() throws IOException {
        Files.writeString(file, GOOD.replace("1}", "7}"));
        Failures.expect(FailureKind.BAD_TEXT, () -> read(file, 5), "has 2 choices and the answer 7");
        Files.writeString(file, GOOD.replace("answer", "reply"));
        Failures.expect(FailureKind.BAD_TEXT, () -> read(file, 5), "answer is missing");
        Files.writeString(file, "prose");
        Failures.expect(FailureKind.BAD_TEXT, () -> read(file, 5), "Unrecognized token 'prose'");
    }

    @Test
    void aFileThatIsNoneIsExplained() throws IOException {
        Failures.expect(FailureKind.NOT_FOUND, () -> read(file, 5), file.toString(), "does not exist");
        Files.writeString(file, "\n \n");
        Failures.expect(FailureKind.BAD_TEXT, () -> read(file, 5), file.toString(), "no questions");
        Files.write(file, "{\"context\":\"ä\"}".getBytes(StandardCharsets.ISO_8859_1));
        Failures.expect(FailureKind.BAD_TEXT, () -> read(file, 5), file.toString());
    }

    @Test
    void aFileMayBeGzipped() throws IOException {
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
            out.write((GOOD + "\r\n" + GOOD).getBytes(StandardCharsets.UTF_8));
        }
        assertThat(read(file, 5)).hasSize(2);
    }

    @Test
    void halfACharacterIsNamed() throws IOException {
        for (String part : List.of(
                "\"context\":\"a\\ud800\",\"choices\":[\"b\",\"c\"]",
                "\"context\":\"a\",\"choices\":[\"b\",\"\\udfff\"]")) {
            Files.writeString(file, "{" + part + ",\"answer\":0}");
            Failures.expect(FailureKind.BAD_TEXT, () -> read(file, 5), "line 1", "half of a character");
        }
    }

    private static List<ChoiceTask> read(Path file, int limit) {
        return ChoiceTask.read(TextSource.of("task file", file), limit);
    }
}
