package io.fastforward.search;

import io.fastforward.spi.model.Policy;
import java.util.List;

/**
 * What a search is about.
 *
 * @param settings what it is to do
 * @param budget what a policy has to meet
 * @param prior policies that are compared with the best ones in the end, whatever the agent proposes
 */
public record SearchTask(SearchSettings settings, Budget budget, List<Policy> prior) {
    public SearchTask {
        prior = List.copyOf(prior);
    }
}
