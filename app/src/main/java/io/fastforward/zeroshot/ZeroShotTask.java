package io.fastforward.zeroshot;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.OneLine;
import io.fastforward.failure.Setting;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The tasks, each as lm-evaluation-harness defines it in {@code lm_eval/tasks}: what part of the data set is asked, how a
 * question is put, and whether the likelihood is compared for each character, too.
 */
public enum ZeroShotTask {
    BOOLQ(Part.VALIDATION, false, "passage, question, label (0 or 1)"),
    PIQA(Part.VALIDATION, true, "goal, sol1, sol2, label (0 or 1)"),
    HELLASWAG(Part.VALIDATION, true, "activity_label, ctx_a, ctx_b, endings, label"),
    WINOGRANDE(Part.VALIDATION, false, "sentence, option1, option2, answer (\"1\" or \"2\")"),
    ARC_EASY(Part.TEST, true, "question, choices with text and label, answerKey"),
    ARC_CHALLENGE(Part.TEST, true, "question, choices with text and label, answerKey"),
    OPENBOOKQA(Part.TEST, true, "question_stem, choices with text and label, answerKey");

    /** The harness whose definitions these are. */
    public static final String HARNESS = "lm-evaluation-harness 0.4.13";

    private static final Pattern BRACKETS = Pattern.compile("\\[.*?\\]", Pattern.UNIX_LINES);
    private static final String BLANK = "_";

    private final Part part;
    private final boolean normalised;
    private final String fields;

    /** The part of a data set that is asked. */
    enum Part {
        VALIDATION,
        TEST
    }

    ZeroShotTask(Part part, boolean normalised, String fields) {
        this.part = part;
        this.normalised = normalised;
        this.fields = fields;
    }

    /**
     * Tasks by name, in the order of this type.
     *
     * @param names separated by commas
     * @throws Failure of kind {@link FailureKind#USAGE} if one is unknown
     */
    public static List<ZeroShotTask> parse(String names) {
        List<String> asked = List.of(names.split(",", -1));
        asked.stream().filter(name -> !known().contains(name)).findFirst().ifPresent(name -> {
            throw FailureKind.USAGE.failure(Setting.TASK_NAMES + ": there is no task '" + OneLine.of(name)
                    + "'; there are " + String.join(", ", known()) + ", separated by commas");
        });
        return Arrays.stream(values())
                .filter(task -> asked.contains(task.taskName()))
                .toList();
    }

    private static List<String> known() {
        return Arrays.stream(values()).map(ZeroShotTask::taskName).toList();
    }

    /** As the harness calls it. */
    public String taskName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Whether the harness reports {@code acc_norm}, too. */
    public boolean normalised() {
        return normalised;
    }

    /** The fields of a line that count, for messages. */
    String fields() {
        return fields;
    }

    /**
     * Whether what is asked is kept out of its own examples. The harness does so for tasks without a test part, for it
     * compares that with a part for examples that none of these tasks names.
     */
    boolean keepsAskedOut() {
        return part == Part.VALIDATION;
    }

    /** @throws IllegalArgumentException if a field is not as it must be; the message says which */
    ZeroShotQuestion question(TaskFields line) {
        return switch (this) {
            case BOOLQ -> boolQ(line);
            case PIQA -> piqa(line);
            case HELLASWAG -> hellaSwag(line);
            case WINOGRANDE -> winoGrande(line);
            case ARC_EASY, ARC_CHALLENGE -> arc(line);
            case OPENBOOKQA -> openBookQa(line);
        };
    }

    private static ZeroShotQuestion boolQ(TaskFields line) {
        String context = line.text("passage") + "\nQuestion: " + line.text("question") + "?\nAnswer:";
        return ZeroShotQuestion.of(context, List.of("no", "yes"), line.flag("label"));
    }

    private static ZeroShotQuestion piqa(TaskFields line) {
        List<String> choices = List.of(line.choice("sol1"), line.choice("sol2"));
        return ZeroShotQuestion.of(asked(line.text("goal")), choices, line.index("label"));
    }

    private static ZeroShotQuestion hellaSwag(TaskFields line) {
        String context = line.text("ctx_a") + " " + PythonText.capitalized(line.text("ctx_b"));
        List<String> endings = line.choices("endings").stream()
                .map(ZeroShotTask::withoutBrackets)
                .toList();
        return ZeroShotQuestion.of(
                withoutBrackets(line.text("activity_label") + ": " + context), endings, line.index("label"));
    }

    /** What WikiHow's headings have left behind. */
    private static String withoutBrackets(String text) {
        String sentences = PythonText.stripped(text).replace(" [title]", ". ");
        return BRACKETS.matcher(sentences).replaceAll("").replace("  ", " ");
    }

    /** The choices stand in the sentence, and what is scored is how it goes on. */
    private static ZeroShotQuestion winoGrande(TaskFields line) {
        String sentence = line.text("sentence");
        int blank = sentence.indexOf(BLANK);
        if (blank < 0) {
            throw new IllegalArgumentException("sentence has no " + BLANK);
        }
        String rest = PythonText.stripped(sentence.substring(blank + 1));
        if (rest.isEmpty()) {
            throw new IllegalArgumentException("sentence ends with the " + BLANK + ", so that nothing can be scored");
        }
        List<String> contexts = List.of(
                sentence.substring(0, blank) + line.choice("option1"),
                sentence.substring(0, blank) + line.choice("option2"));
        return new ZeroShotQuestion(contexts, List.of(rest, rest), line.keyAmong("answer", List.of("1", "2")));
    }

    private static ZeroShotQuestion arc(TaskFields line) {
        return labelled(asked(line.text("question")), line, line.text("answerKey"));
    }

    private static ZeroShotQuestion openBookQa(TaskFields line) {
        return labelled(line.text("question_stem"), line, PythonText.strippedLeft(line.text("answerKey")));
    }

    private static ZeroShotQuestion labelled(String context, TaskFields line, String key) {
        TaskFields choices = line.object("choices");
        List<String> labels = choices.texts("label");
        int answer = labels.indexOf(key);
        if (answer < 0) {
            throw new IllegalArgumentException("answerKey is '" + OneLine.of(key) + "', which is no label of "
                    + labels.stream().map(OneLine::of).collect(Collectors.joining(", ")));
        }
        return ZeroShotQuestion.of(context, choices.choices("text"), answer);
    }

    private static String asked(String question) {
        return "Question: " + question + "\nAnswer:";
    }
}
