package io.fastforward.search;

import io.fastforward.search.Constraints.Kind;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Why no policy reaches a sparsity, and which constraints keep it from that. */
final class Reachability {

    private Reachability() {}

    /** Why a sparsity is too much for a budget, in one line for the user. */
    static String explain(Budget budget, double sparsity) {
        String problem = "no policy reaches a sparsity of " + sparsity + ": the largest is " + largest(budget);
        List<Set<Kind>> culprits = culprits(budget, sparsity);
        return problem
                + culprits.stream().map(kinds -> "; " + describe(budget, kinds)).collect(Collectors.joining())
                + (culprits.isEmpty()
                        ? ", as something of one module has to stay; ask for less"
                        : "; ask for less or relax the constraints");
    }

    /** The constraints without which a policy reaches it: single ones, or if none is enough, the smallest sets. */
    private static List<Set<Kind>> culprits(Budget budget, double sparsity) {
        List<Kind> active = List.copyOf(budget.constraints().active());
        for (int size = 1; size <= active.size(); size++) {
            List<Set<Kind>> culprits = subsets(active, size)
                    .filter(kinds -> budget.without(kinds).reaches(sparsity))
                    .toList();
            if (!culprits.isEmpty()) {
                return culprits;
            }
        }
        return List.of();
    }

    private static Stream<Set<Kind>> subsets(List<Kind> kinds, int size) {
        return IntStream.range(0, 1 << kinds.size())
                .filter(bits -> Integer.bitCount(bits) == size)
                .mapToObj(bits -> IntStream.range(0, kinds.size())
                        .filter(i -> (bits >> i & 1) == 1)
                        .mapToObj(kinds::get)
                        .collect(Collectors.toCollection(() -> EnumSet.noneOf(Kind.class))));
    }

    private static String describe(Budget budget, Set<Kind> kinds) {
        return kinds.stream()
                .map(budget.constraints()::relaxation)
                .collect(Collectors.joining(" and ", "", " it is " + largest(budget.without(kinds))));
    }

    /** Rounded down, so that it can be asked for. */
    private static BigDecimal largest(Budget budget) {
        return BigDecimal.valueOf(budget.largestSparsity()).setScale(4, RoundingMode.DOWN);
    }
}
