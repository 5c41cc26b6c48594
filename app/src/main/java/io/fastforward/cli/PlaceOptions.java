package io.fastforward.cli;

import static java.util.Objects.requireNonNullElse;

import io.fastforward.run.Demo;
import io.fastforward.run.PruneRequest;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** What a pruning run reads, and where it writes. */
@OptionHeading("Inputs and output")
final class PlaceOptions {

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    @Parameters(
            paramLabel = "MODEL_DIR",
            arity = "0..1",
            description = "Hugging Face checkpoint directory: config.json, tokenizer.json, safetensors.")
    private @Nullable Path model;

    @Option(names = "--demo", description = "Prune the bundled demo model, with its texts and tasks.")
    private boolean demo;

    @Option(
            names = "--calibration",
            paramLabel = "FILE",
            description =
                    "Text for statistics, reward and calibration, in UTF-8: plain or JSON lines, perhaps gzipped; -"
                            + " is standard input.")
    private @Nullable Path calibration;

    @Option(
            names = "--evaluation",
            paramLabel = "FILE",
            description = "Text that figures are reported on; default: the last tenth of the calibration text, which"
                    + " is then used for nothing else.")
    private @Nullable Path evaluation;

    @Option(names = "--output", paramLabel = "DIR", description = "Where the pruned checkpoint goes; must be empty.")
    private @Nullable Path output;

    @Mixin
    private RecordOptions record;

    @Option(names = "--policy", paramLabel = "FILE", description = "Use this policy.json instead of searching.")
    private @Nullable Path policy;

    @Option(
            names = "--warm-start",
            paramLabel = "RUN_DIR",
            description = "Start with the agent of an earlier search on this model, at a lower sparsity say.")
    private @Nullable Path warmStart;

    @Option(
            names = "--reward-tasks",
            paramLabel = "FILE",
            description =
                    "Questions that candidates of the search are asked, for a --reward of margin or accuracy; none of"
                            + " them may be among those that are reported on.")
    private @Nullable Path rewardTasks;

    /** The demo, if the user asks for it. */
    Optional<Demo> demo() {
        if (!demo) {
            return Optional.empty();
        }
        if (model != null || calibration != null) {
            throw usage("--demo brings its own model and texts; leave out MODEL_DIR and --calibration");
        }
        Demo files = output == null ? Demo.inCurrentDirectory(record.resume) : new Demo(output);
        files.requireOwnDirectory();
        return Optional.of(files);
    }

    /** Whether the user asks for the demo. */
    boolean isDemo() {
        return demo;
    }

    /** Checks that there is one thing that says what to remove, if it is not the demo. */
    void requireGoal(@Nullable Sparsities sparsity) {
        if (sparsity == null && policy == null) {
            throw usage("--sparsity S is missing (or --policy FILE)");
        }
        if (sparsity != null && policy != null) {
            throw usage("--policy FILE says what to remove; leave out --sparsity");
        }
    }

    /** Checks that no policy, which has one size, is to have several. */
    void requireSearch() {
        if (policy != null) {
            throw usage("--policy FILE is of one size, but --sparsity asks for several; leave one of them out");
        }
    }

    /** The demo's, where no option says otherwise. */
    PruneRequest.Files files(Optional<Demo> bundled, TaskOptions tasks) {
        return new PruneRequest.Files(
                bundled.map(Demo::model).orElseGet(() -> required(model, "MODEL_DIR (or --demo)")),
                bundled.map(Demo::calibrationText).orElseGet(() -> required(calibration, "--calibration FILE")),
                Optional.ofNullable(evaluation).or(() -> bundled.map(Demo::evaluationText)),
                tasks.file().or(() -> bundled.map(Demo::tasks)),
                requireNonNullElse(tasks.most, bundled.isPresent() ? Demo.MOST_TASKS : Integer.MAX_VALUE),
                Optional.ofNullable(rewardTasks),
                Optional.ofNullable(policy),
                Optional.ofNullable(warmStart));
    }

    Path output() {
        return required(output, "--output DIR");
    }

    RecordOptions record() {
        return record;
    }

    private <T> T required(@Nullable T value, String what) {
        if (value == null) {
            throw usage(what + " is missing");
        }
        return value;
    }

    private ParameterException usage(String message) {
        return new ParameterException(command.commandLine(), message);
    }
}
