package io.fastforward.zeroshot;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.failure.FailureKind;
import io.fastforward.testing.DemoModel;
import io.fastforward.testing.Failures;
import io.fastforward.testing.Golden;
import io.fastforward.tokenizer.Tokenizer;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ZeroShotSuiteTest {

    private static final int ALL = Integer.MAX_VALUE;
    private static final String LINE = "{\"goal\":\"g%s\",\"sol1\":\"a\",\"sol2\":\"b\",\"label\":0}\n";

    @TempDir
    private Path directory;

    private void write(String name, int... numbers) throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int number : numbers) {
            lines.append(LINE.formatted(number));
        }
        Files.writeString(directory.resolve(name), lines);
    }

    private ZeroShotSuite read(List<ZeroShotTask> tasks, int most, int shots) {
        return ZeroShotSuite.read(new ZeroShotSuite.Wanted(directory, tasks, most, shots));
    }

    @Test
    void whatIsThereIsAskedAndWhatIsNotIsNamed() throws IOException {
        write("piqa.jsonl", 1, 2, 3);
        write("PIQA.train.json", 1);
        ZeroShotSuite suite = read(List.of(), 2, 0);
        assertThat(suite.parts()).hasSize(1);
        assertThat(suite.parts().getFirst().file().lines()).hasSize(2);
        assertThat(suite.missingNames())
                .containsExactly("boolq", "hellaswag", "winogrande", "arc_easy", "arc_challenge", "openbookqa");
    }

    @Test
    void filesMayBeGzipped() throws IOException {
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(directory.resolve("piqa.jsonl.gz")))) {
            out.write(LINE.formatted(1).getBytes(StandardCharsets.UTF_8));
        }
        assertThat(read(List.of(ZeroShotTask.PIQA), ALL, 0).parts()).hasSize(1);
        write("piqa.jsonl", 1);
        Failures.expect(FailureKind.USAGE, () -> read(List.of(), ALL, 0), "piqa.jsonl twice");
    }

    @Test
    void aDirectoryWithoutFilesIsExplained() {
        Failures.expect(
                FailureKind.NOT_FOUND,
                () -> read(List.of(), ALL, 0),
                directory.toString(),
                "boolq.jsonl, piqa.jsonl, hellaswag.jsonl, winogrande.jsonl, arc_easy.jsonl, arc_challenge.jsonl,"
                        + " openbookqa.jsonl",
                "to_json");
        Path nowhere = directory.resolve("nowhere");
        Failures.expect(
                FailureKind.NOT_FOUND,
                () -> ZeroShotSuite.read(new ZeroShotSuite.Wanted(nowhere, List.of(), ALL, 0)),
                nowhere.toString(),
                "no directory",
                "boolq.jsonl");
    }

    @Test
    void aTaskThatIsAskedForMustBeThere() throws IOException {
        write("piqa.jsonl", 1);
        Failures.expect(
                FailureKind.NOT_FOUND,
                () -> read(List.of(ZeroShotTask.PIQA, ZeroShotTask.ARC_EASY), ALL, 0),
                "does not hold arc_easy.jsonl (");
    }

    @Test
    void anEmptyFileHoldsNoQuestions() throws IOException {
        Files.writeString(directory.resolve("piqa.jsonl"), " \n\n");
        Failures.expect(FailureKind.BAD_TEXT, () -> read(List.of(), ALL, 0), "piqa.jsonl", "no questions");
    }

    @Test
    void examplesComeFromTheTrainPart() throws IOException {
        write("piqa.jsonl", 1, 2);
        Failures.expect(FailureKind.NOT_FOUND, () -> read(List.of(), ALL, 2), "piqa.train.jsonl", "train part");
        write("piqa.train.jsonl", 1, 2);
        ZeroShotSuite suite = read(List.of(), ALL, 2);
        try (Tokenizer tokenizer = DemoModel.tokenizer()) {
            Failures.expect(
                    FailureKind.BAD_TEXT,
                    () -> suite.tokenize(tokenizer, 100),
                    "piqa.train.jsonl",
                    "holds 2 questions, expected at least 3");
        }
    }

    /** Three are drawn, of which two are the question itself; then two of the others are. */
    @Test
    void noQuestionIsAnExampleOfItself() throws IOException {
        write("piqa.jsonl", 7);
        write("piqa.train.jsonl", 7, 7, 1, 2);
        ZeroShotSuite.Part part = read(List.of(), ALL, 2).parts().getFirst();
        FewShotExamples examples =
                new FewShotExamples(part.task(), part.examples().orElseThrow(), 2);
        for (int i = 0; i < 20; i++) {
            assertThat(examples.before(part.file().lines().getFirst().document()))
                    .doesNotContain("g7")
                    .contains("Question: g1\nAnswer: a\n\n", "Question: g2\nAnswer: a\n\n");
        }
        write("piqa.train.jsonl", 7, 7, 7, 2);
        ZeroShotSuite.Part alike = read(List.of(), ALL, 2).parts().getFirst();
        Failures.expect(
                FailureKind.BAD_TEXT,
                () -> new FewShotExamples(alike.task(), alike.examples().orElseThrow(), 2)
                        .before(alike.file().lines().getFirst().document()),
                "only 1");
    }

    @Test
    void whatCannotBeScoredIsNamedByItsLine() throws IOException {
        Files.writeString(
                directory.resolve("openbookqa.jsonl"),
                "\n{\"question_stem\":\" \",\"choices\":{\"text\":[\"x\",\"y\"],\"label\":[\"A\",\"B\"]},\"answerKey\":\"A\"}");
        write("piqa.jsonl", 1, 2);
        ZeroShotSuite blank = read(List.of(ZeroShotTask.OPENBOOKQA), ALL, 0);
        ZeroShotSuite small = read(List.of(ZeroShotTask.PIQA), ALL, 0);
        try (Tokenizer tokenizer = DemoModel.tokenizer()) {
            Failures.expect(
                    FailureKind.BAD_TEXT,
                    () -> blank.tokenize(tokenizer, 100),
                    "line 2 of the task file",
                    "openbookqa.jsonl",
                    "nothing stands before the choices");
            assertThat(small.tokenize(tokenizer, 3).getFirst().shortened()).isEqualTo(4);
            Failures.expect(
                    FailureKind.BAD_TEXT,
                    () -> small.tokenize(tokenizer, 0),
                    "line 1 of the task file",
                    "at most 0 at once");
        }
    }

    @Test
    void aContextThatDoesNotFitLosesItsBeginning() {
        ZeroShotSuite suite = ZeroShotSuite.read(
                new ZeroShotSuite.Wanted(Golden.path("zero-shot"), List.of(ZeroShotTask.BOOLQ), 5, 0));
        try (Tokenizer tokenizer = DemoModel.tokenizer()) {
            TaskQuestions whole = suite.tokenize(tokenizer, 1 << 20).getFirst();
            TaskQuestions cut = suite.tokenize(tokenizer, 10).getFirst();
            assertThat(whole.shortened()).isZero();
            assertThat(cut.shortened()).isEqualTo(cut.sequences()).isEqualTo(10);
            for (int i = 0; i < 5; i++) {
                var longer = whole.questions().get(i).choices().getFirst();
                var shorter = cut.questions().get(i).choices().getFirst();
                int length = longer.tokens().length;
                assertThat(shorter.tokens())
                        .hasSize(11)
                        .containsExactly(Arrays.copyOfRange(longer.tokens(), length - 11, length));
                assertThat(11 - shorter.firstScored()).isEqualTo(length - longer.firstScored());
            }
        }
    }

    @Test
    void numbersOutOfRangeAreRefused() {
        Failures.expect(FailureKind.USAGE, () -> read(List.of(), 0, 0), "at least 1");
        Failures.expect(FailureKind.USAGE, () -> read(List.of(), 1, -1), "from 0 to 1000");
        Failures.expect(FailureKind.USAGE, () -> read(List.of(), 1, 1001), "from 0 to 1000");
    }
}
