package io.fastforward.settings;

import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Setting;
import io.fastforward.search.Budget;
import io.fastforward.search.Constraints;
import io.fastforward.spi.model.ModuleSpec;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * How the share of zeros of each module is found, when it is not the same everywhere.
 *
 * @param agent id of the agent
 * @param method id of the sparsifier by which candidates are compared: one that is cheap
 * @param minimumRetention smallest share of its weights that a module keeps; at 0 one step of them, since it cannot go altogether
 * @param keptLayers layers that stay dense, counted from 0
 * @param plan how the search goes about it
 */
public record ShareSearch(
        String agent, String method, double minimumRetention, Set<Integer> keptLayers, SearchPlan plan) {

    /** What holds unless the user says otherwise. */
    public static final ShareSearch DEFAULT =
            new ShareSearch("ppo", "wanda", Budget.DEFAULT_MINIMUM_RETENTION, Set.of(), SearchPlan.WITHOUT_PRIOR);

    /** @throws io.fastforward.failure.Failure of kind {@link FailureKind#USAGE} if a value is out of its range */
    public ShareSearch {
        Setting.MINIMUM_RETENTION.require(
                minimumRetention >= 0 && minimumRetention <= 1, "from 0 to 1", minimumRetention);
        keptLayers.forEach(layer -> Setting.KEPT_LAYERS.requireAtLeast(0, layer));
        // Sorted, because a set is written to files in its own order.
        keptLayers = Collections.unmodifiableSortedSet(new TreeSet<>(keptLayers));
    }

    /** The same with candidates that are evaluated in some precision. */
    ShareSearch evaluatingIn(PrecisionChoice precision) {
        return new ShareSearch(agent, method, minimumRetention, keptLayers, plan.evaluatingIn(precision));
    }

    /**
     * What zeros may be where.
     *
     * @param steps in how many steps a module becomes dense
     */
    public Budget budget(List<ModuleSpec> modules, int steps) {
        return Budget.ofZeros(
                modules, steps, new Constraints(Math.max(Double.MIN_NORMAL, minimumRetention), 1, keptLayers, false));
    }
}
