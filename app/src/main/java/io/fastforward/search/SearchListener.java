package io.fastforward.search;

import java.util.List;

/** Follows a search. Called from the thread that runs it; what it throws ends the search. */
@FunctionalInterface
public interface SearchListener {

    /**
     * A batch is done and the agent has learnt from it.
     *
     * @param trials its episodes
     * @param state what it takes to go on from here
     */
    void onBatch(List<TrialRecord> trials, SearchState state);
}
