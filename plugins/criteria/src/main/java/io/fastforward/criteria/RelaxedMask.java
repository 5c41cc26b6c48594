package io.fastforward.criteria;

import io.fastforward.spi.model.ModuleSpec;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * Which parts of a module go, relaxed: a share s in [0, 1] of each, that sums up to how many go. Of units with several
 * parts, one in every KV group, every group chooses among its own.
 */
final class RelaxedMask {

    private final int groups;
    private final int goOfEachGroup;
    private final double[] shares;
    private BitSet removed = new BitSet();

    /**
     * At first all parts go by the same share.
     *
     * @param units how many units go, less than all
     */
    RelaxedMask(ModuleSpec module, int units) {
        groups = module.partsPerUnit();
        goOfEachGroup = units;
        shares = new double[module.parts()];
        Arrays.fill(shares, (double) units / module.units());
    }

    boolean removesNothing() {
        return goOfEachGroup == 0;
    }

    /** s, for every part. */
    double[] shares() {
        return shares;
    }

    /**
     * Takes on the best shares for some norms: s = argmin Σ s_j² v_j.
     *
     * @param norms v, for every part
     * @return whether the parts with the smallest norms are those of last time
     */
    boolean follow(double[] norms) {
        BitSet smallest = new BitSet();
        for (int group = 0; group < groups; group++) {
            int[] ascending = ascending(norms, group);
            Arrays.stream(ascending, 0, goOfEachGroup).forEach(smallest::set);
            share(norms, ascending);
        }
        boolean unchanged = smallest.equals(removed);
        removed = smallest;
        return unchanged;
    }

    /** How much of the sum of some norms the parts have that go. */
    double shareOfRemoved(double[] norms) {
        double all = Arrays.stream(norms).sum();
        return all == 0 ? 0 : removed.stream().mapToDouble(part -> norms[part]).sum() / all;
    }

    /** The parts of a group; of equal norms the later one comes first, since the nested order keeps the earlier one. */
    private int[] ascending(double[] norms, int group) {
        return IntStream.iterate(group, part -> part < norms.length, part -> part + groups)
                .boxed()
                .sorted(Comparator.comparingDouble((Integer part) -> norms[part])
                        .thenComparing(Comparator.reverseOrder()))
                .mapToInt(Integer::intValue)
                .toArray();
    }

    /**
     * s_j = min(1, κ ÷ v_j), whose derivatives of s_j² v_j are equal where s_j is below 1. Raising the number of those that go
     * wholly, in ascending order, until κ is below the norm of the next one gives κ.
     */
    private void share(double[] norms, int[] ascending) {
        double inverses = 0; // of the norms from some place on
        double[] inversesFrom = new double[ascending.length + 1];
        for (int i = ascending.length - 1; i >= 0; i--) {
            inverses += 1 / norms[ascending[i]];
            inversesFrom[i] = inverses;
        }
        int whole = 0;
        double kappa = goOfEachGroup / inversesFrom[0];
        while (whole < goOfEachGroup && kappa >= norms[ascending[whole]]) {
            whole++;
            kappa = (goOfEachGroup - whole) / inversesFrom[whole];
        }
        for (int i = 0; i < ascending.length; i++) {
            shares[ascending[i]] = i < whole ? 1 : kappa == 0 ? 0 : kappa / norms[ascending[i]];
        }
    }
}
