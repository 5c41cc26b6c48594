package io.fastforward.search;

import java.util.Comparator;

/**
 * What an agent is told of a candidate: 1 is as good as the dense model, higher is better. Pure; a model that broke is
 * no matter of it.
 */
@FunctionalInterface
public interface Reward {

    /** The reward of a model whose loss is not finite. */
    double BROKEN = -10;

    /** Losses, the best first; those of models that broke last. */
    Comparator<Double> LEAST_LOSS_FIRST =
            Comparator.comparing((Double loss) -> !Double.isFinite(loss)).thenComparing(Comparator.naturalOrder());

    /**
     * Dense perplexity ÷ pruned perplexity (FastForward, Eq. 2), for losses that are mean negative log-likelihoods:
     * above 0. Of other losses in nats, and of their weighted means, it is the same: the geometric mean of what each says.
     */
    Reward PERPLEXITY_RATIO = (dense, candidate) -> Math.exp(dense - candidate);

    /**
     * The reward for two losses on the same windows.
     *
     * @param dense the dense model's loss, finite
     * @param candidate the candidate's loss, finite
     */
    double of(double dense, double candidate);
}
