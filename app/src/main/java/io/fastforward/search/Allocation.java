package io.fastforward.search;

import io.fastforward.spi.Policy;
import java.util.ArrayList;
import java.util.List;

/** A policy in the making: every module starts at its minimum and gets units as long as the budget lasts. */
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
            room -= retained[module] * budget.unitParameters(module);
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

    /** How many more units a module can get. */
    int capacity(int module) {
        return (int) Math.min(budget.units(module) - retained[module], room / budget.unitParameters(module));
    }

    /** Gives units to a module, at most its {@link #capacity}. */
    void give(int module, int units) {
        retained[module] += units;
        room -= units * budget.unitParameters(module);
    }

    Policy toPolicy() {
        List<Integer> units = new ArrayList<>(retained.length);
        for (int count : retained) {
            units.add(count);
        }
        return new Policy(units);
    }
}
