package io.fastforward.run;

import io.fastforward.failure.Setting;
import io.fastforward.settings.PruneSettings;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A pruning run as the user asks for it.
 *
 * @param settings what determines the result
 * @param files what is read
 * @param output directory of the pruned checkpoint
 * @param keepOutput whether it stays once everything about it is known
 * @param runDirectory directory of the run's record
 * @param resume whether to go on with an interrupted run
 * @param compareUniform whether to report on uniform pruning as well
 * @param compute what it may compute with
 */
public record PruneRequest(
        PruneSettings settings,
        Files files,
        Path output,
        boolean keepOutput,
        Path runDirectory,
        boolean resume,
        boolean compareUniform,
        Compute compute)
        implements ModelRequest {

    /** The same, to begin instead of going on. */
    public PruneRequest begun() {
        return new PruneRequest(settings, files, output, keepOutput, runDirectory, false, compareUniform, compute);
    }

    /**
     * What a run reads.
     *
     * @param model checkpoint directory
     * @param calibrationText text for statistics, reward and calibration
     * @param evaluationText text that figures are reported on; without it, the last tenth of the calibration text is
     *     kept for that and used for nothing else
     * @param tasks multiple-choice questions to report on
     * @param mostTasks most questions to ask
     * @param rewardTasks multiple-choice questions that candidates of the search are asked
     * @param policy a policy to use instead of searching one
     * @param warmStart run directory of a search on the same model whose agent goes on here
     */
    public record Files(
            Path model,
            Path calibrationText,
            Optional<Path> evaluationText,
            Optional<Path> tasks,
            int mostTasks,
            Optional<Path> rewardTasks,
            Optional<Path> policy,
            Optional<Path> warmStart) {

        public Files {
            Setting.MOST_TASKS.requireAtLeast(1, mostTasks);
        }
    }
}
