package io.fastforward.run;

import io.fastforward.failure.Setting;
import io.fastforward.settings.PruneSettings;
import java.nio.file.Path;
import java.util.List;

/**
 * What is to be known of a model before it is pruned.
 *
 * @param settings of the runs that are thought of; their sparsity says nothing
 * @param files what is read
 * @param sparsities how much may be removed, each in (0, 1)
 * @param allReachable whether it is an error if one cannot be reached; otherwise it is left out
 * @param runDirectory directory of the record
 * @param resume whether to go on with an interrupted run
 * @param compute what it may compute with
 */
public record PlanRequest(
        PruneSettings settings,
        PruneRequest.Files files,
        List<Double> sparsities,
        boolean allReachable,
        Path runDirectory,
        boolean resume,
        Compute compute)
        implements ModelRequest {

    public PlanRequest {
        sparsities = sparsities.stream().sorted().toList();
        sparsities.forEach(sparsity ->
                Setting.SPARSITY.require(sparsity > 0 && sparsity < 1, "greater than 0 and less than 1", sparsity));
    }
}
