package io.fastforward.record;

import io.fastforward.search.Budget;
import io.fastforward.spi.model.Policy;

/**
 * What later stages need to know of a search.
 *
 * @param policy the winner
 * @param summary for the report
 */
public record SearchOutcome(Policy policy, PruneResult.SearchSummary summary) {

    /**
     * Checks that a search within some budget can have ended like this.
     *
     * @throws IllegalArgumentException if the policy is of another model, or not one that was asked for
     */
    void requireFits(Budget budget, double sparsity) {
        budget.check(policy);
        for (int module = 0; module < budget.modules(); module++) {
            if (policy.retained().get(module) < budget.minimumUnits(module)) {
                throw new IllegalArgumentException("its policy retains fewer units of module " + module
                        + " than the constraints allow, " + budget.minimumUnits(module));
            }
        }
        if (!budget.meets(policy, sparsity)) {
            throw new IllegalArgumentException(
                    "its policy removes " + budget.sparsity(policy) + " instead of " + sparsity);
        }
    }
}
