package io.fastforward.search;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.spi.Policy;
import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.ModuleSpec;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.List;

/**
 * What a sparsity means for a model, in whole units. Sparsity is the number of removed parameters ÷ the parameters of
 * all decoder layers' linear maps, weights and biases; embeddings, norms and the language-model head do not count.
 *
 * <p>A policy meets a sparsity if it removes at least that share. It meets it exactly if, besides, no retained unit
 * could be given back: for every module that is not whole, one unit more would miss the sparsity.
 */
public final class Budget {

    /** The smallest share of a module's units that a policy retains, unless told otherwise. */
    public static final double DEFAULT_MINIMUM_RETENTION = 0.1;

    private final List<ModuleSpec> modules;
    private final double minimumRetention;
    private final int[] minimumUnits;
    private final long totalParameters;

    /**
     * The budget of a model.
     *
     * @param modules its modules: attention of layer 0, MLP of layer 0, attention of layer 1, and so on
     * @param minimumRetention smallest share of its units that a module retains, in [0, 1], rounded up to units; one
     *     unit always stays
     * @throws Failure if the minimum retention is out of range
     */
    public Budget(List<ModuleSpec> modules, double minimumRetention) {
        if (!(minimumRetention >= 0 && minimumRetention <= 1)) {
            throw new Failure(
                    FailureKind.USAGE, "the minimum retention must be between 0 and 1, but is " + minimumRetention);
        }
        this.modules = List.copyOf(modules);
        this.minimumRetention = minimumRetention;
        if (modules.isEmpty() || modules.size() % 2 != 0) {
            throw new IllegalArgumentException("a model has two modules a layer, but got " + modules.size());
        }
        for (int module = 0; module < modules.size(); module++) {
            if (modules.get(module) instanceof AttentionSpec != (module % 2 == 0)) {
                throw new IllegalArgumentException("attention and MLP modules must take turns, but module " + module
                        + " is " + modules.get(module));
            }
        }
        minimumUnits = modules.stream().mapToInt(this::minimumUnits).toArray();
        totalParameters = modules.stream().mapToLong(ModuleSpec::parameters).reduce(0, Math::addExact);
    }

    private int minimumUnits(ModuleSpec module) {
        // 10% of 30 units are 3, although 0.1 * 30 may be a little more in binary.
        return Math.max(1, (int) Math.ceil(minimumRetention * module.units() - 1e-9));
    }

    /** Number of modules, two for each layer. */
    public int modules() {
        return modules.size();
    }

    /** Number of units of a module. */
    public int units(int module) {
        return modules.get(module).units();
    }

    /** The fewest units that a module retains. */
    public int minimumUnits(int module) {
        return minimumUnits[module];
    }

    /** The smallest share of a module's units that a policy retains, before rounding. */
    public double minimumRetention() {
        return minimumRetention;
    }

    /** Parameters that go when one unit of a module goes. */
    public long unitParameters(int module) {
        return modules.get(module).parametersPerUnit();
    }

    /** Parameters of the decoder layers' linear maps before pruning. */
    public long totalParameters() {
        return totalParameters;
    }

    /** Parameters of them that a policy removes. */
    public long removedParameters(Policy policy) {
        check(policy);
        long removed = 0;
        for (int module = 0; module < modules(); module++) {
            removed += (units(module) - policy.retained().get(module)) * unitParameters(module);
        }
        return removed;
    }

    /** The share of the decoder layers' linear parameters that a policy removes. */
    public double sparsity(Policy policy) {
        return (double) removedParameters(policy) / totalParameters;
    }

    /** The largest sparsity that leaves every module its minimum. */
    public double largestSparsity() {
        return (double) largestRemoval() / totalParameters;
    }

    /** Whether a policy removes at least this share. */
    public boolean meets(Policy policy, double sparsity) {
        return removedParameters(policy) >= requiredRemoval(sparsity);
    }

    /**
     * Parameters that units may keep at some sparsity; what stays whatever is pruned is not among them.
     *
     * @throws Failure if the sparsity is not in (0, 1), or no policy reaches it
     */
    public long allowance(double sparsity) {
        long required = requiredRemoval(sparsity);
        if (required > largestRemoval()) {
            throw new Failure(
                    FailureKind.UNREACHABLE_SPARSITY,
                    "no policy reaches a sparsity of " + sparsity + ": with at least one unit and "
                            + minimumRetention + " of the units of every module retained, the largest is "
                            + BigDecimal.valueOf(largestSparsity()).setScale(4, RoundingMode.DOWN)
                            + "; ask for less, or lower the minimum retention");
        }
        return unitParameters() - required;
    }

    /** The policy that removes nothing. */
    public Policy dense() {
        return new Policy(modules.stream().map(ModuleSpec::units).toList());
    }

    /** The policy with equal retention everywhere, up to rounding. */
    public Policy uniform(double sparsity) {
        return new ShiftMapping().map(new double[modules()], this, sparsity);
    }

    /**
     * Checks that a policy is one for this model.
     *
     * @throws IllegalArgumentException if it has another number of modules or retains more units than there are
     */
    public void check(Policy policy) {
        if (policy.retained().size() != modules()) {
            throw new IllegalArgumentException(
                    "the policy has " + policy.retained().size() + " modules, but the model has " + modules());
        }
        for (int module = 0; module < modules(); module++) {
            if (policy.retained().get(module) > units(module)) {
                throw new IllegalArgumentException("the policy retains "
                        + policy.retained().get(module) + " units of module " + module + ", which has "
                        + units(module));
            }
        }
    }

    /**
     * The fewest parameters whose removal is at least this share by the quotient of doubles that {@link #sparsity}
     * gives: 70% of 16,000 are 11,200, although 0.7 · 16,000 may be a little more in binary.
     */
    private long requiredRemoval(double sparsity) {
        if (!(sparsity > 0 && sparsity < 1)) {
            throw new Failure(
                    FailureKind.USAGE, "the sparsity must be between 0 and 1, both excluded, but is " + sparsity);
        }
        long required = (long) (sparsity * totalParameters) + 1;
        while ((double) (required - 1) / totalParameters >= sparsity) {
            required--;
        }
        return required;
    }

    private long largestRemoval() {
        long removed = 0;
        for (int module = 0; module < modules(); module++) {
            removed += (units(module) - minimumUnits(module)) * unitParameters(module);
        }
        return removed;
    }

    private long unitParameters() {
        return totalParameters
                - modules.stream().mapToLong(ModuleSpec::fixedParameters).sum();
    }
}
