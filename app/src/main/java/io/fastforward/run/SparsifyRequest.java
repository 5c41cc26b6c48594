package io.fastforward.run;

import io.fastforward.failure.Setting;
import io.fastforward.settings.SparsifySettings;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Weights to set to zero, as the user asks for it.
 *
 * @param settings what determines the result
 * @param model checkpoint directory
 * @param calibrationText text that the sparsifier learns from
 * @param evaluationText text that figures are reported on; without it, the last tenth of the calibration text
 * @param tasks multiple-choice questions to report on
 * @param mostTasks most questions to ask
 * @param output directory of the sparse checkpoint
 * @param runDirectory directory of the run's record
 * @param resume whether to go on with an interrupted run
 * @param compute what it may compute with
 * @param layersAtOnce how many layers are sparsified at a time; the result is the same
 */
public record SparsifyRequest(
        SparsifySettings settings,
        Path model,
        Path calibrationText,
        Optional<Path> evaluationText,
        Optional<Path> tasks,
        int mostTasks,
        Path output,
        Path runDirectory,
        boolean resume,
        Compute compute,
        int layersAtOnce) {

    public SparsifyRequest {
        Setting.MOST_TASKS.requireAtLeast(1, mostTasks);
        Setting.LAYERS_AT_ONCE.requireAtLeast(1, layersAtOnce);
    }
}
