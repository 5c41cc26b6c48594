package io.fastforward.spi.search;

import io.fastforward.spi.model.Policy;
import java.io.Serializable;
import java.util.List;

/**
 * Candidates that are evaluated alike, so that their losses can be compared. A candidate's losses depend on nothing
 * but itself, the windows and the {@link Workload}, so a batch may be cut up and its parts evaluated anywhere. Candidates
 * that agree on leading layers share what it takes to compute these, if they stay together.
 *
 * @param windows on which windows of the workload, by their number from 0, at least one
 * @param candidates what is evaluated, at least one, in the order of the results
 */
public record TrialBatch(List<Integer> windows, List<Policy> candidates) implements Serializable {

    public TrialBatch {
        windows = List.copyOf(windows);
        candidates = List.copyOf(candidates);
        if (candidates.isEmpty() || windows.isEmpty()) {
            throw new IllegalArgumentException("a batch needs a candidate and a window, but has " + candidates.size()
                    + " candidates and " + windows.size() + " windows");
        }
    }
}
