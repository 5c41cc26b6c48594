package io.fastforward.spi.search;

import io.fastforward.spi.model.Policy;
import java.io.Serializable;
import java.util.List;

/**
 * Candidates that are evaluated alike, so that their losses can be compared. A candidate's result depends on nothing
 * but itself, the windows and the {@link Workload}, so a batch may be cut up and its parts evaluated anywhere.
 *
 * @param windowSeed which windows of the workload are chosen when not all are evaluated
 * @param windows on how many of them the candidates are evaluated, at least 1
 * @param candidates what is evaluated, at least one, in the order of the results
 */
public record TrialBatch(long windowSeed, int windows, List<Policy> candidates) implements Serializable {

    public TrialBatch {
        candidates = List.copyOf(candidates);
        if (candidates.isEmpty() || windows < 1) {
            throw new IllegalArgumentException("a batch needs a candidate and a window, but has " + candidates.size()
                    + " candidates and " + windows + " windows");
        }
    }
}
