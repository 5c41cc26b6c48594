package io.fastforward.prune;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;

/**
 * The units of every module by descending score: {@code modules.get(m).get(k)} is the unit of the source model that
 * comes k-th. In this order every pruned candidate is a leading slice.
 *
 * @param modules for each module, in the order of a policy, a permutation of its units
 */
public record NestedOrder(List<List<Integer>> modules) {

    public NestedOrder {
        modules = modules.stream().map(List::copyOf).toList();
        for (List<Integer> order : modules) {
            List<Integer> sorted = new ArrayList<>(order);
            Collections.sort(sorted);
            for (int i = 0; i < sorted.size(); i++) {
                if (sorted.get(i) != i) {
                    throw new IllegalArgumentException("the order of a module's units must name each of them once");
                }
            }
        }
    }

    /** Sorts the units of each module; of equal scores the lower index comes first. */
    public static NestedOrder byDescendingScore(List<double[]> scores) {
        List<List<Integer>> modules = new ArrayList<>();
        for (double[] moduleScores : scores) {
            List<Integer> order = new ArrayList<>();
            for (int unit = 0; unit < moduleScores.length; unit++) {
                order.add(unit);
            }
            order.sort(Comparator.comparingDouble((Integer unit) -> moduleScores[unit])
                    .reversed()); // stable: ties stay in index order
            modules.add(order);
        }
        return new NestedOrder(modules);
    }
}
