package io.fastforward.search;

import io.fastforward.spi.model.Policy;
import java.util.stream.IntStream;

/** A policy in the making: every module starts at its minimum and grows as long as the budget lasts. */
final class Allocation {

    private final Budget budget;
    private final int[] retained;
    private long room;

    /** Every module at its minimum, at some sparsity. */
    Allocation(Budget budget, double sparsity) {
        this.budget = budget;
        retained = new int[budget.modules()];
        room = budget.allowance(sparsity);
        for (int module = 0; module < retained.length; module++) {
            retained[module] = budget.minimumUnits(module);
            room -= budget.parameters(module, retained[module]);
        }
    }

    /** Units that a module has now. */
    int retained(int module) {
        return retained[module];
    }

    /** Parameters that can still be handed out. */
    long room() {
        return room;
    }

    /** Units of a module that is not whole at the next size that is allowed. */
    int next(int module) {
        return budget.unitsAbove(module, retained[module]);
    }

    /** Whether a module is not whole and its next size fits. */
    boolean canGrow(int module) {
        return retained[module] < budget.units(module) && next(module) <= affordable(module);
    }

    /** Gives a module that can grow its next size. */
    void grow(int module) {
        set(module, next(module));
    }

    /** Gives a module the largest allowed size that fits, up to some number of units. It keeps what it has. */
    void growTowards(int module, long units) {
        if (retained[module] == budget.units(module)) {
            return;
        }
        int most = (int) Math.min(units, affordable(module));
        set(module, Math.max(retained[module], budget.unitsAtMost(module, most)));
    }

    /** Units that a module could have if every number were allowed, even more than there are. */
    private long affordable(int module) {
        return budget.affordable(module, budget.parameters(module, retained[module]) + room);
    }

    private void set(int module, int units) {
        room -= budget.parameters(module, units) - budget.parameters(module, retained[module]);
        retained[module] = units;
    }

    Policy toPolicy() {
        return new Policy(IntStream.of(retained).boxed().toList());
    }
}
