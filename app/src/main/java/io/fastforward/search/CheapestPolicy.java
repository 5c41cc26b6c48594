package io.fastforward.search;

import io.fastforward.failure.Failure;
import io.fastforward.spi.model.Policy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The policy of the least sum of losses, one a module, that meets a sparsity: a multiple-choice knapsack, solved by dynamic
 * programming over the parameters that may stay. Curves need not be convex, as those of few large units are not.
 *
 * <p>Exact as long as modules have no more sizes, and the budget no more steps, than below. Beyond that sizes are thinned out
 * evenly and costs rounded up, so that the sparsity is met in any case; what is left goes, step by step, to the module that
 * gains most by it, parameter for parameter.
 */
final class CheapestPolicy {

    /** Sizes of a module. A step of one in 512 is a fifth of a percent of a module. */
    private static final int MOST_SIZES = 512;

    /** Steps of the budget: 64 modules of 512 sizes take a second. */
    private static final int MOST_STEPS = 20_000;

    private final Budget budget;
    private final List<List<Double>> losses;

    /** @param losses for each module, the loss with none of its units, one, and so on */
    CheapestPolicy(Budget budget, List<List<Double>> losses) {
        this.budget = budget;
        this.losses = losses;
    }

    /**
     * The policy.
     *
     * @throws Failure if no policy reaches the sparsity
     */
    Policy at(double sparsity) {
        Allocation allocation = new Allocation(budget, sparsity);
        int[] chosen = choose(allocation);
        for (int module = 0; module < chosen.length; module++) {
            allocation.growTowards(module, chosen[module]);
        }
        for (int module = neediest(allocation); module >= 0; module = neediest(allocation)) {
            allocation.grow(module);
        }
        return allocation.toPolicy();
    }

    /** Units of each module. */
    private int[] choose(Allocation allocation) {
        List<int[]> sizes = new ArrayList<>();
        long step = 0;
        for (int module = 0; module < budget.modules(); module++) {
            int[] some = sizes(module);
            sizes.add(some);
            for (int units : some) {
                step = Sizes.greatestCommonDivisor(step, extra(module, units));
            }
        }
        long room = allocation.room();
        step = Math.max(Math.max(1, step), Math.ceilDiv(room, (long) MOST_STEPS));
        int steps = (int) (room / step);

        double[] least = new double[steps + 1]; // with the modules so far, and so many steps at most
        short[][] choices = new short[budget.modules()][steps + 1];
        for (int module = 0; module < budget.modules(); module++) {
            least = withModule(module, sizes.get(module), step, least, choices[module]);
        }
        int[] chosen = new int[budget.modules()];
        int left = steps;
        for (int module = budget.modules() - 1; module >= 0; module--) {
            chosen[module] = sizes.get(module)[choices[module][left]];
            left -= (int) Math.ceilDiv(extra(module, chosen[module]), step);
        }
        return chosen;
    }

    private double[] withModule(int module, int[] sizes, long step, double[] before, short[] choice) {
        double[] least = new double[before.length];
        Arrays.fill(least, Double.POSITIVE_INFINITY);
        for (short size = 0; size < sizes.length; size++) {
            double loss = losses.get(module).get(sizes[size]);
            long cost = Math.ceilDiv(extra(module, sizes[size]), step);
            for (int steps = (int) Math.min(cost, before.length); steps < before.length; steps++) {
                double sum = before[(int) (steps - cost)] + loss;
                if (sum < least[steps]) {
                    least[steps] = sum;
                    choice[steps] = size;
                }
            }
        }
        return least;
    }

    /** Those that are allowed, the smallest first; thinned out if there are too many. */
    private int[] sizes(int module) {
        int least = budget.minimumUnits(module);
        int whole = budget.units(module);
        List<Integer> sizes = new ArrayList<>(List.of(least));
        double gap = (double) (whole - least) / (MOST_SIZES - 1);
        for (int units = least; units < whole; ) {
            int next = budget.unitsAbove(module, units);
            int far = budget.unitsAtMost(module, (int) (units + gap));
            units = Math.max(next, far);
            sizes.add(units);
        }
        return sizes.stream().mapToInt(Integer::intValue).toArray();
    }

    /** Parameters above the module's minimum. */
    private long extra(int module, int units) {
        return budget.parameters(module, units) - budget.parameters(module, budget.minimumUnits(module));
    }

    /** The module whose next step lowers the loss most for its parameters, among those that can grow; −1 if none can. */
    private int neediest(Allocation allocation) {
        int neediest = -1;
        double most = Double.NEGATIVE_INFINITY;
        for (int module = 0; module < budget.modules(); module++) {
            if (allocation.canGrow(module)) {
                int now = allocation.retained(module);
                int next = allocation.next(module);
                double gain = (losses.get(module).get(now) - losses.get(module).get(next))
                        / (extra(module, next) - extra(module, now));
                if (gain > most) {
                    neediest = module;
                    most = gain;
                }
            }
        }
        return neediest;
    }
}
