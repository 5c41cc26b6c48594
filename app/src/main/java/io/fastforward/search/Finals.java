package io.fastforward.search;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.search.SearchResult.Finalist;
import io.fastforward.search.SearchResult.Origin;
import io.fastforward.spi.model.Policy;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The last round of a search, a {@link Race}: the best candidates, the agent's best guess, the prior and mostly the
 * uniform policy, compared.
 */
final class Finals {

    private final SearchSettings settings;
    private final Budget budget;
    private final List<Policy> prior;

    Finals(SearchTask task) {
        this.settings = task.settings();
        this.budget = task.budget();
        this.prior = task.prior();
    }

    /**
     * The best candidates of a search at the final sparsity and full fidelity.
     *
     * @param evaluations of the search
     */
    List<Policy> best(Evaluations evaluations) {
        return evaluations.remembered().stream()
                .filter(known -> known.losses().size() >= settings.windows()
                        && budget.meets(known.policy(), settings.sparsity()))
                .sorted(Comparator.comparing(
                        known -> Evaluations.mean(known.losses().subList(0, settings.windows())),
                        Reward.LEAST_LOSS_FIRST))
                .limit(settings.finalists())
                .map(SearchState.Evaluated::policy)
                .toList();
    }

    /**
     * Compares finalists on as many windows as it takes.
     *
     * @param candidates of the search
     * @param best the agent's best guess
     * @param windows most windows that it may take
     * @throws Failure if none has a finite loss
     */
    Outcome compare(
            Evaluations evaluations, List<Policy> candidates, double[] best, int windows, Race.Listener listener) {
        Map<Policy, Origin> origins = new LinkedHashMap<>();
        candidates.forEach(policy -> origins.putIfAbsent(policy, Origin.CANDIDATE));
        origins.putIfAbsent(settings.mapping().map(best, budget, settings.sparsity()), Origin.AGENT);
        prior.forEach(policy -> origins.putIfAbsent(policy, Origin.PRIOR));
        if (settings.uniformFinalist()) {
            origins.putIfAbsent(budget.uniform(settings.sparsity()), Origin.UNIFORM);
        }
        List<Race.Standing> standings = preferringPrior(
                new Race(evaluations, windows, settings.race(), listener).run(List.copyOf(origins.keySet())));
        Race.Standing first = standings.getFirst();
        if (!Double.isFinite(first.loss())) {
            throw FailureKind.NOT_FINITE.failure(
                    "no policy of sparsity " + settings.sparsity() + " has a finite loss on the reward text");
        }
        return new Outcome(
                standings.stream()
                        .map(standing -> new Finalist(
                                standing.policy(),
                                Objects.requireNonNull(origins.get(standing.policy())),
                                standing.windows(),
                                standing.loss(),
                                standing.reward()))
                        .toList(),
                first.denseLoss());
    }

    /**
     * Where policies of the prior cannot be told apart, its own order decides: it is that of what is lost after repair, which
     * the loss of models that nobody repaired does not say. Demo model, 50%: the three differ by 0.005 before repair, and are
     * 2.0339, 2.0323, 2.0308 after it, the other way round.
     */
    private List<Race.Standing> preferringPrior(List<Race.Standing> standings) {
        if (!settings.race() || !prior.contains(standings.getFirst().policy())) {
            return standings;
        }
        Race.Standing preferred = standings.stream()
                .filter(standing -> standing.left() && prior.contains(standing.policy()))
                .min(Comparator.comparingInt(standing -> prior.indexOf(standing.policy())))
                .orElse(standings.getFirst());
        List<Race.Standing> ordered = new ArrayList<>(standings);
        ordered.remove(preferred);
        ordered.addFirst(preferred);
        return ordered;
    }

    /**
     * What came of it.
     *
     * @param finalists the best first
     * @param denseLoss the dense model's on the windows of the best
     */
    record Outcome(List<Finalist> finalists, double denseLoss) {}
}
