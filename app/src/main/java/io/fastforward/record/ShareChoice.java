package io.fastforward.record;

import io.fastforward.search.Budget;
import io.fastforward.spi.model.Policy;

/**
 * What came of comparing the shares that a search found with the same share everywhere, by the method that writes the result.
 *
 * @param policy the better one
 * @param uniform whether that is the same share everywhere
 * @param foundLoss of what the search found, on the finalists' windows; lower is better; may be not finite; NaN, and so is the
 *     other, if the search found that
 * @param uniformLoss of the same share everywhere
 */
public record ShareChoice(Policy policy, boolean uniform, double foundLoss, double uniformLoss) {

    /**
     * Checks that it is of some budget.
     *
     * @throws IllegalArgumentException if the policy is of another model
     */
    void requireFits(Budget budget) {
        budget.check(policy);
    }
}
