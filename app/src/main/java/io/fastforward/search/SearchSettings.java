package io.fastforward.search;

/**
 * What a search is to do. Whoever makes it has checked the ranges.
 *
 * @param episodes how many candidates the agent may propose, at least 1
 * @param seed of the choice of windows; the agent has a seed of its own
 * @param sparsity share of the decoder layers' linear parameters to remove, in (0, 1)
 * @param mapping from scores to policies
 * @param schedule the curricula
 * @param windows windows of the reward text that make full fidelity, at least 1
 * @param finalists how many of the best candidates are compared at the end, at least 1
 * @param finalistWindows windows on which finalists are compared, at least {@code windows}. If it is more, the winner
 *     is less likely to be the one that merely fits the windows of the search.
 * @param choiceWindows the same if all that an agent proposes are finalists at once: nobody chose them by what they lose on some
 *     windows, so fewer do
 * @param race whether finalists that cannot win are dropped before they were compared on all of these windows; what an agent
 *     proposes once and for all is then not evaluated before
 * @param uniformFinalist whether the uniform policy is one of them, so that the result is not worse than that
 */
public record SearchSettings(
        int episodes,
        long seed,
        double sparsity,
        PolicyMapping mapping,
        Schedule schedule,
        int windows,
        int finalists,
        int finalistWindows,
        int choiceWindows,
        boolean race,
        boolean uniformFinalist) {}
