package io.fastforward.spi.model;

import java.util.List;
import java.util.Optional;

/**
 * What an agent chooses: one raw retention score for each site.
 *
 * @param sites the modules that can be pruned, in the order of a {@link Policy}: attention of layer 0, MLP of layer 0,
 *     attention of layer 1, and so on
 * @param targetSparsity share of the decoder layers' linear parameters to remove in the end, in (0, 1): of those of all
 *     sites with all of their units
 * @param prior policies that are likely to be good, the best guess first: for each the share of its units that every site
 *     retains. Proposed as scores, they come out of the mapping as they are. Empty if the run knows none
 */
public record SearchSpace(List<Site> sites, double targetSparsity, List<List<Double>> prior) {

    public SearchSpace {
        sites = List.copyOf(sites);
        prior = prior.stream().map(List::copyOf).toList();
        if (sites.isEmpty() || !(targetSparsity > 0 && targetSparsity < 1)) {
            throw new IllegalArgumentException(
                    "bad search space: " + sites.size() + " sites, target sparsity " + targetSparsity);
        }
        for (List<Double> policy : prior) {
            if (policy.size() != sites.size()) {
                throw new IllegalArgumentException(
                        "a prior has a share for each of " + sites.size() + " sites, but one has " + policy.size());
            }
        }
    }

    /** The best guess, if there is one. */
    public Optional<double[]> likely() {
        return prior.stream()
                .map(policy -> policy.stream().mapToDouble(share -> share).toArray())
                .findFirst();
    }
}
