package io.fastforward.search;

import java.util.List;

/** Follows a search. Called from the thread that runs it; what it throws ends the search. */
@FunctionalInterface
public interface SearchListener {

    /**
     * A batch is done and the agent has learnt from it, or a round of the finals is.
     *
     * @param trials its episodes, or those of the finalists that took a trial
     * @param state what it takes to go on from here
     */
    void onBatch(List<TrialRecord> trials, SearchState state);
}
