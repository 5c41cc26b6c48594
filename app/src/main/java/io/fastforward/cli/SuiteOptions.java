package io.fastforward.cli;

import static java.util.Objects.requireNonNullElse;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Setting;
import io.fastforward.zeroshot.ZeroShotSuite;
import io.fastforward.zeroshot.ZeroShotTask;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Tasks of the literature, in a directory. */
@OptionHeading("Texts and figures")
final class SuiteOptions {

    private static final String ZERO_SHOT = "zero-shot";

    @Option(
            names = "--suite",
            paramLabel = ZERO_SHOT,
            description =
                    "Take --tasks for a directory with boolq.jsonl, piqa.jsonl, hellaswag.jsonl, winogrande.jsonl,"
                            + " arc_easy.jsonl, arc_challenge.jsonl, openbookqa.jsonl, in the data sets' own fields and perhaps"
                            + " gzipped; they are asked and scored as lm-evaluation-harness does.")
    private @Nullable String suite;

    @Option(
            names = "--task-names",
            paramLabel = "NAMES",
            description = "Tasks of the suite, such as piqa,arc_easy; default: those whose files are there.")
    private @Nullable String names;

    @Option(
            names = "--shots",
            paramLabel = "N",
            description = "Answered examples before each question of the suite, drawn from piqa.train.jsonl and so on;"
                    + " default: 0.")
    private @Nullable Integer shots;

    /**
     * What of a suite is wanted.
     *
     * @param tasks say where it is and how much to ask
     * @throws Failure of kind {@link FailureKind#USAGE} if there is no such suite, or what belongs to one is said without
     */
    Optional<ZeroShotSuite.Wanted> wanted(TaskOptions tasks) {
        if (suite == null) {
            if (names != null || shots != null) {
                throw FailureKind.USAGE.failure(Setting.TASK_NAMES + " and " + Setting.SHOTS + " are for "
                        + Setting.SUITE + " " + ZERO_SHOT + ", which is missing");
            }
            return Optional.empty();
        }
        if (!suite.equals(ZERO_SHOT)) {
            throw FailureKind.USAGE.failure(Setting.SUITE + ": there is no suite of that name, only " + ZERO_SHOT);
        }
        if (tasks.most != null) {
            Setting.MOST_TASKS.requireAtLeast(0, tasks.most);
        }
        int most = requireNonNullElse(tasks.most, 0);
        return Optional.of(new ZeroShotSuite.Wanted(
                tasks.file()
                        .orElseThrow(() -> FailureKind.USAGE.failure(Setting.SUITE + " " + ZERO_SHOT
                                + " takes a directory with the tasks' files; name it with " + Setting.TASKS)),
                names == null ? List.of() : ZeroShotTask.parse(names),
                most == 0 ? Integer.MAX_VALUE : most,
                requireNonNullElse(shots, 0)));
    }
}
