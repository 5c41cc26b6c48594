package io.fastforward.run;

import io.fastforward.spi.Policy;

/**
 * What later stages need to know of a search.
 *
 * @param policy the winner
 * @param summary for the report
 */
record SearchOutcome(Policy policy, PruneResult.SearchSummary summary) {}
