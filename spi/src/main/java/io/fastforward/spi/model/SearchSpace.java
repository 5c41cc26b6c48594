package io.fastforward.spi.model;

import java.util.List;

/**
 * What an agent chooses: one raw retention score for each site.
 *
 * @param sites the modules that can be pruned, in the order of a {@link Policy}: attention of layer 0, MLP of layer 0,
 *     attention of layer 1, and so on
 * @param targetSparsity share of the decoder layers' linear parameters to remove in the end, in (0, 1): of those of all
 *     sites with all of their units
 */
public record SearchSpace(List<Site> sites, double targetSparsity) {

    public SearchSpace {
        sites = List.copyOf(sites);
        if (sites.isEmpty() || !(targetSparsity > 0 && targetSparsity < 1)) {
            throw new IllegalArgumentException(
                    "bad search space: " + sites.size() + " sites, target sparsity " + targetSparsity);
        }
    }
}
