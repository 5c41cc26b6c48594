package io.fastforward.search;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.model.SearchSpace;
import io.fastforward.spi.model.Site;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * What a sparsity means for a model, in whole units. Sparsity is the number of removed parameters ÷ the parameters of
 * all decoder layers' linear maps, weights and biases; embeddings, norms and the language-model head do not count.
 *
 * <p>A policy meets a sparsity if it removes at least that share. It meets it exactly if, besides, nothing could be
 * given back: for every module that is not whole, the next size that the {@link Constraints} allow, without them one
 * unit more, would miss the sparsity.
 *
 * <p>The constraints are for policies that are made here. A policy from elsewhere can be measured whether or not it
 * satisfies them.
 */
public final class Budget {

    /** The smallest share of a module's units that a policy retains, unless told otherwise. */
    public static final double DEFAULT_MINIMUM_RETENTION = 0.1;

    private final List<SiteCost> modules;
    private final Constraints constraints;
    private final List<Sizes> sizes;
    private final long totalParameters;

    /**
     * The budget of a model with a minimum retention as its only constraint.
     *
     * @param modules as of the other constructor
     * @param minimumRetention as in {@link Constraints}
     */
    public Budget(List<ModuleSpec> modules, double minimumRetention) {
        this(modules, Constraints.ofMinimumRetention(minimumRetention));
    }

    /**
     * The budget of a model.
     *
     * @param modules its modules: attention of layer 0, MLP of layer 0, attention of layer 1, and so on
     * @param constraints what a policy must not do
     * @throws Failure if a layer is to be skipped that the model does not have
     */
    public Budget(List<ModuleSpec> modules, Constraints constraints) {
        this(constraints, modules.stream().map(SiteCost::ofUnits).toList());
    }

    private Budget(Constraints constraints, List<SiteCost> modules) {
        this.modules = List.copyOf(modules);
        this.constraints = constraints;
        int layers = modules.size() / 2;
        for (int layer : constraints.skippedLayers()) {
            if (layer >= layers) {
                throw FailureKind.USAGE.failure(
                        "layer " + layer + " cannot be skipped: the model's layers are 0 to " + (layers - 1));
            }
        }
        sizes = sizes();
        totalParameters = modules.stream().mapToLong(SiteCost::parameters).reduce(0, Math::addExact);
    }

    /**
     * The budget of a model that keeps its shapes and whose weights become zero: what is removed are zeros, what they are
     * counted of are the weights of the linear maps, and a unit is a share of a module's weights.
     *
     * @param modules as of the constructor
     * @param steps units of each module
     * @throws Failure if a module has fewer weights than that, or a layer is to be skipped that the model does not have
     */
    public static Budget ofZeros(List<ModuleSpec> modules, int steps, Constraints constraints) {
        return new Budget(
                constraints,
                modules.stream()
                        .map(module -> SiteCost.ofWeights(module, steps))
                        .toList());
    }

    /** The budget in which every module keeps a unit if a sparsity can be reached so, or else may go altogether. */
    public static Budget leastConstrained(List<ModuleSpec> modules, double sparsity) {
        Budget oneUnit = new Budget(modules, Double.MIN_NORMAL);
        return oneUnit.reaches(sparsity) ? oneUnit : new Budget(modules, 0);
    }

    private List<Sizes> sizes() {
        List<Sizes> result = new ArrayList<>();
        for (int module = 0; module < modules.size(); module++) {
            SiteCost cost = modules.get(module);
            boolean fixed = constraints.skippedLayers().contains(module / 2)
                    || (constraints.attentionFixed() && cost.kind() == Site.Kind.ATTENTION);
            result.add(
                    fixed
                            ? Sizes.fixed(cost)
                            : Sizes.of(cost, constraints.minimumRetention(), constraints.widthMultiple()));
        }
        return List.copyOf(result);
    }

    /** Number of modules, two for each layer. */
    public int modules() {
        return modules.size();
    }

    /** Number of units of a module. */
    public int units(int module) {
        return modules.get(module).units();
    }

    /** The fewest units that the constraints leave a module, maybe none; all of them if it is not to be pruned. */
    public int minimumUnits(int module) {
        return sizes.get(module).smallest();
    }

    /** The next number of units that the constraints allow, above an allowed one that is not all. */
    int unitsAbove(int module, int units) {
        return sizes.get(module).above(units);
    }

    /** The largest allowed number of units that is at most some other; the minimum if there is none. */
    int unitsAtMost(int module, int units) {
        return sizes.get(module).atMost(units);
    }

    /** What a policy must not do. */
    public Constraints constraints() {
        return constraints;
    }

    /** The budget of the same model without some of the constraints. */
    Budget without(Set<Constraints.Kind> relaxed) {
        return new Budget(constraints.without(relaxed), modules);
    }

    /**
     * Parameters of a module that retains some of its units. The last one takes with it what belongs to no unit, such as
     * the bias of the output map.
     */
    long parameters(int module, int units) {
        return units == 0 ? 0 : modules.get(module).fixedParameters() + units * unitParameters(module);
    }

    /** The most units that a module can have for some parameters, be it more than there are; negative if none. */
    long affordable(int module, long parameters) {
        return Math.floorDiv(parameters - modules.get(module).fixedParameters(), unitParameters(module));
    }

    /** Parameters that go when one unit of a module goes, and it is not the last one. */
    public long unitParameters(int module) {
        return modules.get(module).unitParameters();
    }

    /** Parameters of them that a policy removes. */
    public long removedParameters(Policy policy) {
        check(policy);
        long removed = 0;
        for (int module = 0; module < modules(); module++) {
            removed += removed(module, policy.retained().get(module));
        }
        return removed;
    }

    private long removed(int module, int retained) {
        return parameters(module, units(module)) - parameters(module, retained);
    }

    /** The share of the decoder layers' linear parameters that a policy removes. */
    public double sparsity(Policy policy) {
        return (double) removedParameters(policy) / totalParameters;
    }

    /** The largest sparsity that the constraints allow: every module at its minimum, but not all of them gone. */
    public double largestSparsity() {
        return (double) largestRemoval() / totalParameters;
    }

    /** Whether the constraints allow a policy of this sparsity. */
    boolean reaches(double sparsity) {
        return requiredRemoval(sparsity) <= largestRemoval();
    }

    /** Whether a policy removes at least this share. */
    public boolean meets(Policy policy, double sparsity) {
        return removedParameters(policy) >= requiredRemoval(sparsity);
    }

    /**
     * Parameters that may stay at some sparsity.
     *
     * @throws Failure if the sparsity is not in (0, 1), or no policy reaches it; says which constraints are to blame
     */
    public long allowance(double sparsity) {
        if (!reaches(sparsity)) {
            throw FailureKind.UNREACHABLE_SPARSITY.failure(Reachability.explain(this, sparsity));
        }
        return totalParameters - requiredRemoval(sparsity);
    }

    /**
     * What an agent is told of the model and of this budget.
     *
     * @param unitScores the scores of the units of every module, in nested order
     * @param errors what modules lack, as in a {@link Site}; empty if that is not known
     * @param prior policies that are likely to be good
     */
    public SearchSpace searchSpace(
            double sparsity, List<List<Double>> unitScores, List<List<Double>> errors, List<Policy> prior) {
        List<Site> sites = new ArrayList<>();
        for (int module = 0; module < modules(); module++) {
            SiteCost cost = modules.get(module);
            sites.add(new Site(
                    module / 2,
                    cost.kind(),
                    cost.units(),
                    minimumUnits(module),
                    cost.unitParameters(),
                    cost.fixedParameters(),
                    sizes.get(module).step(),
                    unitScores.get(module),
                    errors.isEmpty() ? List.of() : errors.get(module)));
        }
        return new SearchSpace(sites, sparsity, prior.stream().map(this::shares).toList());
    }

    /**
     * What it is told of a model that has not been looked at.
     *
     * @param withPrior whether it will get a prior
     */
    public SearchSpace emptySearchSpace(double sparsity, boolean withPrior) {
        List<List<Double>> equal = modules.stream()
                .map(module -> Collections.nCopies(module.units(), 0.0))
                .toList();
        return searchSpace(sparsity, equal, List.of(), withPrior ? List.of(uniform(sparsity)) : List.of());
    }

    private List<Double> shares(Policy policy) {
        return IntStream.range(0, modules())
                .mapToObj(module -> (double) policy.retained().get(module) / Math.max(1, units(module)))
                .toList();
    }

    /** The policy that removes nothing. */
    public Policy dense() {
        return new Policy(modules.stream().map(SiteCost::units).toList());
    }

    /**
     * The policy that loses least, if losses of modules add up.
     *
     * @param losses for each module, with none of its units, one, and so on
     * @throws Failure if no policy reaches the sparsity
     */
    Policy cheapest(double sparsity, List<List<Double>> losses) {
        return new CheapestPolicy(this, losses).at(sparsity);
    }

    /** The policy with equal retention everywhere, up to rounding and as far as the constraints allow it. */
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
            throw FailureKind.USAGE.failure("the sparsity must be between 0 and 1, both excluded, but is " + sparsity);
        }
        long required = (long) (sparsity * totalParameters) + 1;
        while ((double) (required - 1) / totalParameters >= sparsity) {
            required--;
        }
        return required;
    }

    private long largestRemoval() {
        long removed = 0;
        long smallestModule = Long.MAX_VALUE;
        for (int module = 0; module < modules(); module++) {
            if (units(module) > 0) {
                int least = minimumUnits(module);
                removed += removed(module, least);
                smallestModule =
                        Math.min(smallestModule, parameters(module, least > 0 ? least : unitsAbove(module, 0)));
            }
        }
        return Math.min(removed, totalParameters - smallestModule);
    }
}
