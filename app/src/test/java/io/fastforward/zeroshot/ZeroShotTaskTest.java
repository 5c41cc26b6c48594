package io.fastforward.zeroshot;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.failure.FailureKind;
import io.fastforward.testing.Failures;
import io.fastforward.tokenizer.TextSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ZeroShotTaskTest {

    private static final String CHOICES = "'choices':{'text':['x','y'],'label':['A','B']}";

    @TempDir
    private Path directory;

    private TaskFile read(ZeroShotTask task, String... lines) throws IOException {
        Path file = Files.writeString(
                directory.resolve("file.jsonl"), String.join("\n", lines).replace('\'', '"'));
        return TaskFile.read(task, TextSource.of("task file", file), Integer.MAX_VALUE);
    }

    private ZeroShotQuestion question(ZeroShotTask task, String line) throws IOException {
        return read(task, line).lines().getFirst().question();
    }

    @Test
    void theOriginalFilesOfBoolQSayFalseAndTrue() throws IOException {
        String line = "{'passage':'P','question':'q','label':%s}";
        assertThat(question(ZeroShotTask.BOOLQ, line.formatted("true")).answer())
                .isEqualTo(1);
        assertThat(question(ZeroShotTask.BOOLQ, line.formatted("false")).answer())
                .isZero();
        assertThat(question(ZeroShotTask.BOOLQ, line.formatted("1")))
                .isEqualTo(ZeroShotQuestion.of("P\nQuestion: q?\nAnswer:", List.of("no", "yes"), 1));
    }

    @Test
    void theFirstOfEqualLabelsIsTheAnswer() throws IOException {
        String choices = "'choices':{'text':['x','y','z'],'label':['1','2','2']}";
        assertThat(question(ZeroShotTask.ARC_EASY, "{'question':'Q',%s,'answerKey':'2'}".formatted(choices)))
                .isEqualTo(ZeroShotQuestion.of("Question: Q\nAnswer:", List.of("x", "y", "z"), 1));
    }

    /** A pattern that does not end at the end of a line would take everything between two lines' brackets. */
    @Test
    void bracketsThatALineBreakPartsStay() throws IOException {
        String line =
                "{'activity_label':'A','ctx_a':'a [x] b','ctx_b':'C\\n[D\\nE]','endings':['[x]','[title] y'],'label':'1'}";
        assertThat(question(ZeroShotTask.HELLASWAG, line))
                .isEqualTo(ZeroShotQuestion.of("A: a b C\n[d\ne]", List.of("", " y"), 1));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    BOOLQ         | [] | no JSON object
                    BOOLQ         | 7 | no JSON object
                    BOOLQ         | prose | Unrecognized token
                    BOOLQ         | {'passage':'P','label':0} | question is missing
                    BOOLQ         | {'passage':5,'question':'q','label':0} | passage is 5, expected a text
                    BOOLQ         | {'passage':null,'question':'q','label':0} | passage is null, expected a text
                    BOOLQ         | {'passage':'P','question':'q','label':2} | 2 choices and the answer 2
                    BOOLQ         | {'passage':'P','question':'q','label':-1} | label is -1, expected the index of a choice
                    BOOLQ         | {'passage':'P','question':'q','label':0.5} | label is 0.5, expected 0 or 1
                    BOOLQ         | {'passage':'P','question':'q','label':'1'} | label is "1", expected 0 or 1
                    PIQA          | {'goal':'g','sol1':'','sol2':'b','label':0} | sol1 has an empty choice
                    PIQA          | {'goal':'g','sol1':'a','sol2':'b','label':4294967296} | label is 4294967296
                    PIQA          | {'goal':'g','sol1':'a','sol2':'b','label':true} | label is true
                    PIQA          | {'goal':'g\\ud800','sol1':'a','sol2':'b','label':0} | half of a character
                    HELLASWAG     | {'activity_label':'A','ctx_a':'a','ctx_b':'b','endings':'x','label':'0'} | endings is "x", expected an array
                    HELLASWAG     | {'activity_label':'A','ctx_a':'a','ctx_b':'b','endings':['x',1],'label':'0'} | endings holds 1
                    HELLASWAG     | {'activity_label':'A','ctx_a':'a','ctx_b':'b','endings':['x'],'label':'0'} | at least two choices
                    HELLASWAG     | {'activity_label':'A','ctx_a':'a','ctx_b':'b','endings':[],'label':'0'} | at least two choices
                    HELLASWAG     | {'activity_label':'A','ctx_a':'a','ctx_b':'b','endings':['x',''],'label':'0'} | endings has an empty choice
                    HELLASWAG     | {'activity_label':'A','ctx_a':'a','ctx_b':'b','endings':['x','y'],'label':''} | no answers
                    HELLASWAG     | {'activity_label':'A','ctx_a':'a','ctx_b':'b','endings':['x','y'],'label':'99999999999'} | expected the index
                    WINOGRANDE    | {'sentence':'no blank','option1':'a','option2':'b','answer':'1'} | sentence has no _
                    WINOGRANDE    | {'sentence':'ends with _ ','option1':'a','option2':'b','answer':'1'} | nothing can be scored
                    WINOGRANDE    | {'sentence':'_ x','option1':'','option2':'b','answer':'1'} | option1 has an empty choice
                    WINOGRANDE    | {'sentence':'_ x','option1':'a','option2':'b','answer':''} | answer is "", expected one of 1, 2
                    WINOGRANDE    | {'sentence':'_ x','option1':'a','option2':'b','answer':1} | answer is 1, expected a text
                    ARC_EASY      | {'question':'q','choices':['x','y'],'answerKey':'A'} | choices is ["x","y"], expected an object
                    ARC_CHALLENGE | {'question':'q','choices':{'text':['x','y']},'answerKey':'A'} | label is missing
                    ARC_CHALLENGE | {'question':'q','choices':{'text':['x'],'label':['A','B']},'answerKey':'B'} | at least two choices
                    OPENBOOKQA    | {'question_stem':'q','choices':{'text':['x','y'],'label':['A','B']},'answerKey':'C'} | answerKey is 'C', which is no label of A, B
                    """)
    void anErrorNamesTheLineTheFieldAndWhatTheDataSetHas(ZeroShotTask task, String line, String reason) {
        Failures.expect(
                FailureKind.BAD_TEXT,
                () -> read(task, "", line),
                "line 2 of the task file '" + directory.resolve("file.jsonl") + "'",
                reason.replace('\'', '"').replace("\"C\"", "'C'"));
    }

    @ParameterizedTest
    @EnumSource
    void anEmptyObjectIsAQuestionOfNoTask(ZeroShotTask task) {
        Failures.expect(FailureKind.BAD_TEXT, () -> read(task, "{}"), task.taskName(), "is missing", task.fields());
    }

    @Test
    void aLineOfManyQuestionsIsRefused() {
        Failures.expect(
                FailureKind.BAD_TEXT,
                () -> read(ZeroShotTask.ARC_EASY, "{'question':'q',%s,'answerKey':'A'} {}".formatted(CHOICES)),
                "line 1");
    }

    @Test
    void namesAreThoseOfTheHarnessInOneOrder() {
        assertThat(ZeroShotTask.parse("openbookqa,piqa,arc_easy"))
                .containsExactly(ZeroShotTask.PIQA, ZeroShotTask.ARC_EASY, ZeroShotTask.OPENBOOKQA);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "piqa,", "PIQA", "arc-easy", "piqa arc_easy"})
    void anUnknownNameIsRefused(String names) {
        Failures.expect(FailureKind.USAGE, () -> ZeroShotTask.parse(names), "boolq, piqa, hellaswag, winogrande");
    }
}
