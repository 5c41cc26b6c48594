package io.fastforward.run;

import io.fastforward.export.CheckpointExport;
import io.fastforward.prune.CalibrationTarget;
import io.fastforward.search.Constraints;
import io.fastforward.search.Schedule;
import io.fastforward.tokenizer.TextSettings;
import java.util.Map;

/**
 * Everything in a user's hands that determines the result of a run, beside model, texts and device. Recorded in the
 * manifest; a run is resumed with the same settings alone.
 *
 * @param sparsity share of the decoder layers' linear parameters to remove; ignored if a policy is given
 * @param text how texts are read
 * @param windowLength tokens of a window; 0 takes the smaller of 2048 and the model's context
 * @param calibrationWindows windows for the criterion's statistics
 * @param repairWindows windows for the calibrator's moments
 * @param rewardWindows windows on which candidates are compared
 * @param finalistWindows windows on which finalists are compared
 * @param evaluationWindows most windows on which figures are reported
 * @param criterion id of the criterion
 * @param agent id of the agent
 * @param calibrator id of the calibrator
 * @param executor id of the trial executor
 * @param options the plugins' options, as {@code kind.name}
 * @param target what calibrated modules reproduce
 * @param mapping id of the policy mapping
 * @param attention what of attention may be pruned
 * @param constraints what else a policy has to respect
 * @param targetRuntime what the result has to run on, which may add constraints
 * @param schedule which curricula are on
 * @param ramp share of the search during which they rise
 * @param episodes number of candidates
 * @param finalists how many of the best are compared in the end
 * @param seed of everything that is random
 * @param export how the result is written
 */
public record PruneSettings(
        double sparsity,
        TextSettings text,
        int windowLength,
        int calibrationWindows,
        int repairWindows,
        int rewardWindows,
        int finalistWindows,
        int evaluationWindows,
        String criterion,
        String agent,
        String calibrator,
        String executor,
        Map<String, String> options,
        CalibrationTarget target,
        String mapping,
        AttentionPruning attention,
        Constraints constraints,
        TargetRuntime targetRuntime,
        Schedule.Kind schedule,
        double ramp,
        int episodes,
        int finalists,
        long seed,
        CheckpointExport.Settings export) {

    public PruneSettings {
        options = Map.copyOf(options);
    }
}
