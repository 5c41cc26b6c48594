package io.fastforward.nested;

import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.Policy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What a criterion made of a model: the nested order, and the scores of the units in it.
 *
 * @param modules the parts of each module, as in {@link NestedOrder}
 * @param errors for each module, what its output lacks with none of its units, the first one, and so on up to all, as
 *     {@link io.fastforward.spi.model.Site} has it; empty if that was not measured
 * @param probes for each module, what became of the model when it alone was pruned; empty if that was not tried
 * @param unitScores for each module, the scores of its units in nested order, descending; a unit of several parts has their sum
 */
public record UnitRanking(
        List<List<Integer>> modules, List<List<Double>> unitScores, List<List<Double>> errors, List<Probe> probes) {

    public UnitRanking {
        modules = new NestedOrder(modules).modules();
        unitScores = unitScores.stream().map(List::copyOf).toList();
        errors = errors.stream().map(List::copyOf).toList();
        probes = List.copyOf(probes);
    }

    /**
     * The ranking that some scores make.
     *
     * @param scores one finite number for each part of each module, as in {@link NestedOrder#byDescendingScore}
     * @param errors for each module, or empty
     */
    public static UnitRanking of(ModelSpec spec, List<double[]> scores, List<double[]> errors) {
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
                List.of());
    }

    /** The same ranking with what came of trying the modules. */
    public UnitRanking with(List<Probe> tried) {
        return new UnitRanking(modules, unitScores, errors, tried);
    }

    /** Of the probes, for each module; empty if there are none. */
    public List<Double> divergences() {
        return probes.stream().map(Probe::divergence).toList();
    }

    /** What the probes took together. */
    public double probingCost() {
        return probes.stream().mapToDouble(Probe::cost).sum();
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
        requireUnits(spec.modules().stream().map(ModuleSpec::units).toList());
    }

    /**
     * Checks what can be told without the model: that everything is about the same modules and units.
     *
     * @throws IllegalArgumentException if it is not
     */
    public void requireConsistent() {
        if (modules.size() % 2 != 0 || modules.size() != unitScores.size()) {
            throw new IllegalArgumentException(
                    "it orders " + modules.size() + " modules, and scores " + unitScores.size());
        }
        requireUnits(unitScores.stream().map(List::size).toList());
    }

    /** Whether a policy retains units of these modules, and no more than there are. */
    public boolean allows(Policy policy) {
        List<Integer> retained = policy.retained();
        return retained.size() == unitScores.size()
                && IntStream.range(0, retained.size())
                        .allMatch(m -> retained.get(m) <= unitScores.get(m).size());
    }

    private void requireUnits(List<Integer> units) {
        if (unitScores.size() != units.size()) {
            throw new IllegalArgumentException(
                    "it scores " + unitScores.size() + " modules, but the model has " + units.size());
        }
        for (int m = 0; m < units.size(); m++) {
            requireDescending(m, unitScores.get(m), units.get(m));
        }
        requireCurves(units);
    }

    private void requireCurves(List<Integer> units) {
        if (!errors.isEmpty() && errors.size() != units.size()) {
            throw new IllegalArgumentException(
                    "it has errors of " + errors.size() + " modules, but the model has " + units.size());
        }
        for (int m = 0; m < errors.size(); m++) {
            requireDescending(m, errors.get(m), units.get(m) + 1);
        }
        if (!probes.isEmpty() && (probes.size() != units.size() || errors.isEmpty())) {
            throw new IllegalArgumentException("it has " + probes.size() + " probes and errors of " + errors.size()
                    + " modules, but the model has " + units.size());
        }
        for (Probe probe : probes) {
            if (!Double.isFinite(probe.divergence()) || !(probe.cost() >= 0) || Double.isInfinite(probe.cost())) {
                throw new IllegalArgumentException("there is " + probe);
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
