package io.fastforward.search;

import io.fastforward.spi.model.Policy;
import java.util.Comparator;
import java.util.PriorityQueue;

/**
 * Retention r = clip(score + t, minimum, 1) with one common shift t, as large as the budget allows, rounded to the
 * nearest size that the {@link Constraints} allow; without them every number of units is one.
 *
 * <p>Rounding to nearest means that a module of n units grows from size a to the next size b when score + t reaches
 * ½ (a + b) / n: the j-th unit, if sizes differ by one, at (j − ½) / n. So nothing has to be solved for t: raising t
 * from −∞ hands out the steps in descending order of score − ½ (a + b) / n, and the budget says where it ends. From
 * there on a module whose next step is too expensive is passed over, and the others go on as long as one of their steps
 * fits.
 *
 * <p>Raising one score never lowers that module's retention, and the order of modules matters to exact ties alone.
 */
public record ShiftMapping() implements PolicyMapping {

    /** A module's next step. At equal priority modules grow in step, first modules first. */
    private record Bid(int module, double share, double priority) {
        static final Comparator<Bid> ORDER = Comparator.comparingDouble(Bid::priority)
                .reversed()
                .thenComparingDouble(Bid::share)
                .thenComparingInt(Bid::module);
    }

    @Override
    public String id() {
        return "shift";
    }

    @Override
    public Policy map(double[] scores, Budget budget, double sparsity) {
        Allocation allocation = new Allocation(budget, sparsity);
        PriorityQueue<Bid> bids = new PriorityQueue<>(Bid.ORDER);
        for (int module = 0; module < scores.length; module++) {
            bid(module, scores, budget, allocation, bids);
        }
        while (!bids.isEmpty()) {
            int module = bids.poll().module();
            if (allocation.canGrow(module)) {
                allocation.grow(module);
                bid(module, scores, budget, allocation, bids);
            }
        }
        return allocation.toPolicy();
    }

    private static void bid(
            int module, double[] scores, Budget budget, Allocation allocation, PriorityQueue<Bid> bids) {
        if (allocation.canGrow(module)) {
            double middle = 0.5 * allocation.retained(module) + 0.5 * allocation.next(module);
            double share = middle / budget.units(module);
            bids.add(new Bid(module, share, scores[module] - share));
        }
    }
}
