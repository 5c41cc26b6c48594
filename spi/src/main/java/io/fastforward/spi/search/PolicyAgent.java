package io.fastforward.spi.search;

import io.fastforward.spi.Options;
import io.fastforward.spi.Plugin;
import io.fastforward.spi.model.SearchSpace;
import java.util.List;

/**
 * Proposes raw retention scores and learns from the rewards that they earn: a contextual bandit whose context is the
 * sparsity and whose action is one score for each site. The budget, the schedule, evaluation and resume live in the
 * engine, so an agent is free to propose any finite numbers.
 *
 * <p>The engine calls {@link #propose} and {@link #observe} in turn, from one thread at a time. Same seed, same calls:
 * same proposals.
 */
public interface PolicyAgent {

    /** Makes agents of one kind. */
    interface Provider extends Plugin {

        /**
         * A new agent. A run asks for two: one before any work begins, when the units have no scores yet and all are equal,
         * to see whether the options go together; and, after scoring, the one that is used.
         *
         * @throws IllegalArgumentException if options do not go together; the message names them
         */
        PolicyAgent create(SearchSpace space, long seed, Options options);

        /**
         * What its agents make of {@link SearchSpace#prior()} and of the errors of sites. These take a Gram matrix of every module's
         * features to measure: the engine does so only for those who can use them, if the user has not forbidden it.
         */
        default PriorUse priorUse() {
            return PriorUse.IGNORED;
        }
    }

    /** What an agent makes of what is known before a search. */
    enum PriorUse {
        /** Nothing. */
        IGNORED,
        /** It begins there, if there is a prior. */
        WELCOME,
        /** It cannot do without. */
        NEEDED
    }

    /**
     * A proposal's outcome.
     *
     * @param scores the raw scores, as proposed
     * @param sparsity the sparsity at which it was evaluated
     * @param reward 1 is as good as the dense model, higher is better; a large negative number if the model broke
     */
    record Outcome(double[] scores, double sparsity, double reward) {}

    /** How many proposals the agent likes to be evaluated together before it learns from them, at least 1. */
    int batchSize();

    /** The number of episodes after which it has nothing new to propose; {@link Integer#MAX_VALUE} if there is none. */
    default int episodeLimit() {
        return Integer.MAX_VALUE;
    }

    /**
     * New proposals.
     *
     * @param count how many, at least 1
     * @param sparsity the sparsity at which they will be evaluated
     * @return {@code count} arrays of one finite number for each of the {@link SearchSpace#sites()}
     */
    List<double[]> propose(int count, double sparsity);

    /** Learns from a batch: all proposals of the last {@link #propose}, in their order. */
    void observe(List<Outcome> outcomes);

    /** The agent's best guess without exploration, at some sparsity; the engine evaluates it among the finalists. */
    double[] best(double sparsity);

    /** Everything that {@link #restore} needs to go on exactly from here. */
    byte[] save();

    /**
     * Goes on from a saved state. The seed of the saved agent goes on too.
     *
     * @throws IllegalArgumentException if the state is damaged, or of an agent of another kind or size
     */
    void restore(byte[] state);
}
