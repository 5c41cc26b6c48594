package io.fastforward.search;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.search.SearchResult.Finalist;
import io.fastforward.search.SearchResult.Origin;
import io.fastforward.spi.model.Policy;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The last round of a search: the best candidates, the agent's best guess, the prior and mostly the uniform policy, compared. */
final class Finals {

    private static final Comparator<Double> FINITE_FIRST =
            Comparator.comparing((Double loss) -> !Double.isFinite(loss)).thenComparing(Comparator.naturalOrder());

    private final SearchSettings settings;
    private final Budget budget;
    private final List<Policy> prior;

    Finals(SearchTask task) {
        this.settings = task.settings();
        this.budget = task.budget();
        this.prior = task.prior();
    }

    /**
     * Compares them on the finalists' windows.
     *
     * @param evaluations of the search. Those at full fidelity are the dense model, policies that miss the final
     *     sparsity, and the candidates proper.
     * @param best the agent's best guess
     * @param episodes how many the search had
     * @throws Failure if none has a finite loss
     */
    SearchResult compare(Evaluations evaluations, double[] best, int episodes) {
        Map<Policy, Origin> origins = new LinkedHashMap<>();
        evaluations.remembered().stream()
                .filter(known -> budget.meets(known.policy(), settings.sparsity()))
                .sorted(Comparator.comparing(SearchState.Evaluated::loss, FINITE_FIRST))
                .limit(settings.finalists())
                .forEach(known -> origins.put(known.policy(), Origin.CANDIDATE));
        origins.putIfAbsent(settings.mapping().map(best, budget, settings.sparsity()), Origin.AGENT);
        prior.forEach(policy -> origins.putIfAbsent(policy, Origin.PRIOR));
        if (settings.uniformFinalist()) {
            origins.putIfAbsent(budget.uniform(settings.sparsity()), Origin.UNIFORM);
        }

        Evaluations.Losses losses = evaluations.evaluate(List.copyOf(origins.keySet()), 0, settings.finalistWindows());
        List<Finalist> finalists = origins.entrySet().stream()
                .map(entry -> new Finalist(
                        entry.getKey(), entry.getValue(), losses.of(entry.getKey()), losses.reward(entry.getKey())))
                .sorted(Comparator.comparing(Finalist::loss, FINITE_FIRST))
                .toList();
        Finalist winner = finalists.getFirst();
        if (!Double.isFinite(winner.loss())) {
            throw FailureKind.NOT_FINITE.failure(
                    "no policy of sparsity " + settings.sparsity() + " has a finite loss on the reward text");
        }
        return new SearchResult(
                winner, finalists, losses.dense(), episodes, evaluations.executed(), evaluations.saved());
    }
}
