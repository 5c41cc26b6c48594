package io.fastforward.spi.model;

/**
 * What an agent chooses: one raw retention score for each prunable module, in the order attention of layer 0, MLP of
 * layer 0, attention of layer 1, and so on.
 *
 * @param modules number of scores in a proposal
 * @param targetSparsity share of the decoder layers' linear parameters to remove in the end, in (0, 1)
 */
public record SearchSpace(int modules, double targetSparsity) {

    public SearchSpace {
        if (modules < 1 || !(targetSparsity > 0 && targetSparsity < 1)) {
            throw new IllegalArgumentException(
                    "bad search space: " + modules + " modules, target sparsity " + targetSparsity);
        }
    }
}
