package io.fastforward.nested;

import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.ModuleSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What a criterion made of a model: the nested order, and the scores of the units in it.
 *
 * @param modules the parts of each module, as in {@link NestedOrder}
 * @param errors for each module, what its output lacks with none of its units, the first one, and so on up to all, as
 *     {@link io.fastforward.spi.model.Site} has it; empty if that was not measured
 * @param divergences for each module, what the model's predictions lose if it alone keeps half of its units and is repaired: mean
 *     KL(dense ‖ pruned) of the next token, in nats; empty if that was not tried
 * @param unitScores for each module, the scores of its units in nested order, descending; a unit of several parts has their sum
 */
public record UnitRanking(
        List<List<Integer>> modules,
        List<List<Double>> unitScores,
        List<List<Double>> errors,
        List<Double> divergences) {

    public UnitRanking {
        modules = new NestedOrder(modules).modules();
        unitScores = unitScores.stream().map(List::copyOf).toList();
        errors = errors.stream().map(List::copyOf).toList();
        divergences = List.copyOf(divergences);
    }

    /**
     * The ranking that some scores make.
     *
     * @param scores one finite number for each part of each module, as in {@link NestedOrder#byDescendingScore}
     * @param errors for each module, or empty
     * @param divergences for each module, or empty
     */
    public static UnitRanking of(
            ModelSpec spec, List<double[]> scores, List<double[]> errors, List<Double> divergences) {
        NestedOrder order = NestedOrder.byDescendingScore(spec, scores);
        List<ModuleSpec> modules = spec.modules();
        List<List<Double>> unitScores = new ArrayList<>();
        for (int m = 0; m < modules.size(); m++) {
            unitScores.add(unitScores(modules.get(m), order.modules().get(m), scores.get(m)));
        }
        return new UnitRanking(
                order.modules(),
                unitScores,
                errors.stream()
                        .map(curve -> Arrays.stream(curve).boxed().toList())
                        .toList(),
                divergences);
    }

    /** Each group's k-th best part, summed up: no sum is above the one before it. */
    private static List<Double> unitScores(ModuleSpec module, List<Integer> order, double[] scores) {
        int groups = module.partsPerUnit();
        List<Double> sums = new ArrayList<>();
        for (int unit = 0; unit < module.units(); unit++) {
            double sum = 0;
            for (int group = 0; group < groups; group++) {
                int inGroup = order.get(unit * groups + group) % module.units();
                sum += scores[inGroup * groups + group];
            }
            sums.add(sum);
        }
        return List.copyOf(sums);
    }

    /** The order without the scores. */
    public NestedOrder order() {
        return new NestedOrder(modules);
    }

    /**
     * Checks that this is a ranking of some model's units.
     *
     * @throws IllegalArgumentException if it is one of a model with other modules or units, or scores do not descend
     */
    public void requireFits(ModelSpec spec) {
        order().requireFits(spec);
        List<ModuleSpec> expected = spec.modules();
        if (unitScores.size() != expected.size()) {
            throw new IllegalArgumentException(
                    "it scores " + unitScores.size() + " modules, but the model has " + expected.size());
        }
        for (int m = 0; m < expected.size(); m++) {
            requireDescending(m, unitScores.get(m), expected.get(m).units());
        }
        requireCurves(expected);
    }

    private void requireCurves(List<ModuleSpec> expected) {
        if (!errors.isEmpty() && errors.size() != expected.size()) {
            throw new IllegalArgumentException(
                    "it has errors of " + errors.size() + " modules, but the model has " + expected.size());
        }
        for (int m = 0; m < errors.size(); m++) {
            requireDescending(m, errors.get(m), expected.get(m).units() + 1);
        }
        if (!divergences.isEmpty() && (divergences.size() != expected.size() || errors.isEmpty())) {
            throw new IllegalArgumentException("it has " + divergences.size() + " divergences and errors of "
                    + errors.size() + " modules, but the model has " + expected.size());
        }
        for (double divergence : divergences) {
            if (!Double.isFinite(divergence)) {
                throw new IllegalArgumentException("a divergence is " + divergence);
            }
        }
    }

    private static void requireDescending(int module, List<Double> scores, int units) {
        if (scores.size() != units) {
            throw new IllegalArgumentException(
                    "it scores " + scores.size() + " units of module " + module + ", which has " + units);
        }
        for (int unit = 0; unit < units; unit++) {
            double score = scores.get(unit);
            if (!Double.isFinite(score) || (unit > 0 && score > scores.get(unit - 1))) {
                throw new IllegalArgumentException("the scores of module " + module
                        + " are not finite and descending: unit " + unit + " has " + score);
            }
        }
    }
}
