package io.fastforward.nested;

import io.fastforward.spi.model.AttentionUnit;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.ModuleSpec;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The parts of every module in an order in which the leading units are those of the highest scores, so that every
 * pruned candidate is a leading slice: {@code modules.get(m).get(k)} is the part of the source model that comes k-th.
 *
 * <p>A part is a unit, except for units that are {@linkplain AttentionUnit#QUERY_HEAD query heads} or
 * {@linkplain AttentionUnit#VALUE_CHANNEL value channels}: there a part is one query head, or one dimension of the value of
 * one KV group, numbered as in the checkpoint (those of group 0 first), and the order takes one of every group in turn,
 * the best ones first.
 *
 * @param modules for each module, in the order of a policy, a permutation of its parts
 */
public record NestedOrder(List<List<Integer>> modules) {

    public NestedOrder {
        modules = modules.stream().map(List::copyOf).toList();
        for (List<Integer> order : modules) {
            if (!order.stream().sorted().toList().equals(indexes(order.size()).toList())) {
                throw new IllegalArgumentException("the order of a module's units must name each of them once");
            }
        }
    }

    /** The order of the source model itself, unit by unit. */
    public static NestedOrder ofSource(ModelSpec spec) {
        return new NestedOrder(spec.modules().stream()
                .map(module -> ranked(module, new double[module.parts()]))
                .toList());
    }

    /**
     * Sorts the parts of each module; of equal scores the lower index comes first.
     *
     * @param scores one number for each part of each module, parts in the order of {@link #ofSource}
     */
    public static NestedOrder byDescendingScore(ModelSpec spec, List<double[]> scores) {
        List<ModuleSpec> modules = spec.modules();
        if (scores.size() != modules.size()) {
            throw new IllegalArgumentException(
                    "there are " + modules.size() + " modules, but scores for " + scores.size());
        }
        return new NestedOrder(indexes(modules.size())
                .map(module -> ranked(modules.get(module), scores.get(module)))
                .toList());
    }

    /**
     * Checks that this is an order of some model's units.
     *
     * @throws IllegalArgumentException if it is one of a model with other modules or units
     */
    public void requireFits(ModelSpec spec) {
        List<ModuleSpec> expected = spec.modules();
        if (modules.size() != expected.size()) {
            throw new IllegalArgumentException(
                    "it orders " + modules.size() + " modules, but the model has " + expected.size());
        }
        for (int m = 0; m < expected.size(); m++) {
            ModuleSpec module = expected.get(m);
            List<Integer> order = modules.get(m);
            if (order.size() != module.parts()) {
                throw new IllegalArgumentException(
                        "it orders " + order.size() + " parts of module " + m + ", which has " + module.parts());
            }
            int groups = module.partsPerUnit();
            for (int k = 0; k < order.size(); k++) {
                if (order.get(k) / module.units() != k % groups) {
                    throw new IllegalArgumentException("of module " + m + ", part " + order.get(k)
                            + " stands where one of KV group " + k % groups + " belongs");
                }
            }
        }
    }

    /**
     * The parts of a module, those of the highest scores first. Parts of the same KV group compete; every unit takes the next best
     * of each group.
     */
    public static List<Integer> ranked(ModuleSpec module, double[] scores) {
        int groups = module.partsPerUnit();
        int units = module.units();
        Integer[] order = new Integer[module.parts()];
        for (int group = 0; group < groups; group++) {
            int of = group;
            List<Integer> ranks = indexes(units)
                    .sorted(Comparator.comparingDouble((Integer unit) -> scores[unit * groups + of])
                            .reversed()) // stable: ties stay in index order
                    .toList();
            for (int unit = 0; unit < units; unit++) {
                order[unit * groups + group] = group * units + ranks.get(unit);
            }
        }
        return List.of(order);
    }

    private static Stream<Integer> indexes(int count) {
        return IntStream.range(0, count).boxed();
    }
}
