package io.fastforward.search;

import io.fastforward.spi.model.Policy;

/**
 * The mapping of the released research code: retention r = clip(|score|, minimum, 1), then repaired. If that is more
 * than the budget allows, modules are served in layer order until it is used up and the rest stays at the minimum; if
 * it is less, every module grows in proportion to the parameters that it still lacks.
 *
 * <p>Rounded down to whole units, or to what the {@link Constraints} allow; what is left goes, step by step, to the
 * module that is the furthest below its share. Depends on the order of modules, and a module with a negative score gains
 * by a lower one.
 */
public record HeadroomMapping() implements PolicyMapping {

    @Override
    public String id() {
        return "headroom";
    }

    @Override
    public Policy map(double[] scores, Budget budget, double sparsity) {
        Allocation allocation = new Allocation(budget, sparsity);
        double[] wishes = wishes(scores, budget);
        repair(wishes, budget, (double) allocation.room());
        for (int module = 0; module < wishes.length; module++) {
            allocation.growTowards(module, (long) Math.floor(wishes[module]));
        }
        for (int module = neediest(wishes, allocation); module >= 0; module = neediest(wishes, allocation)) {
            allocation.grow(module);
        }
        return allocation.toPolicy();
    }

    /** Wished units, in fractions. */
    private static double[] wishes(double[] scores, Budget budget) {
        double[] wishes = new double[scores.length];
        double minimum = budget.constraints().minimumRetention();
        for (int module = 0; module < wishes.length; module++) {
            double retention = Math.clamp(Math.abs(scores[module]), minimum, 1);
            wishes[module] = Math.max(budget.minimumUnits(module), retention * budget.units(module));
        }
        return wishes;
    }

    /**
     * Makes the wishes cost what the budget allows.
     *
     * @param room parameters that the budget allows above every module's minimum
     */
    private static void repair(double[] wishes, Budget budget, double room) {
        double wished = 0;
        double headroom = 0;
        for (int module = 0; module < wishes.length; module++) {
            wished += (wishes[module] - budget.minimumUnits(module)) * budget.unitParameters(module);
            headroom += (budget.units(module) - wishes[module]) * budget.unitParameters(module);
            if (wishes[module] > 0) {
                wished += entry(module, budget);
            } else {
                headroom += entry(module, budget);
            }
        }
        if (wished <= room) {
            grow(wishes, budget, (room - wished) / headroom);
        } else {
            wall(wishes, budget, room);
        }
    }

    /** What the first units of a module cost beside themselves, where it may have none. */
    private static long entry(int module, Budget budget) {
        return budget.minimumUnits(module) > 0 || budget.units(module) == 0
                ? 0
                : budget.parameters(module, 1) - budget.unitParameters(module);
    }

    private static void grow(double[] wishes, Budget budget, double factor) {
        for (int module = 0; module < wishes.length; module++) {
            wishes[module] += (budget.units(module) - wishes[module]) * factor;
        }
    }

    private static void wall(double[] wishes, Budget budget, double room) {
        double left = room;
        for (int module = 0; module < wishes.length; module++) {
            int minimum = budget.minimumUnits(module);
            double wished = wishes[module] - minimum;
            if (wished > 0) {
                long entry = entry(module, budget);
                double more = Math.min(wished, Math.max(0, left - entry) / budget.unitParameters(module));
                wishes[module] = minimum + more;
                left -= more > 0 ? more * budget.unitParameters(module) + entry : 0;
            }
        }
    }

    /** The module that is the furthest below its wish, in units, among those that can grow; −1 if none can. */
    private static int neediest(double[] wishes, Allocation allocation) {
        int neediest = -1;
        double need = Double.NEGATIVE_INFINITY;
        for (int module = 0; module < wishes.length; module++) {
            double lacking = wishes[module] - allocation.retained(module);
            if (allocation.canGrow(module) && lacking > need) {
                neediest = module;
                need = lacking;
            }
        }
        return neediest;
    }
}
