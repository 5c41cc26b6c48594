package io.fastforward.forward;

import io.fastforward.spi.backend.ComputeBackend;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntUnaryOperator;
import java.util.stream.Collectors;

/**
 * The hidden states of policies on their way through the layers. Policies are one branch as long as they retain the same
 * units; where they part, each gets a copy. Memory: as many hidden states as there are branches in the end.
 */
final class PolicyBranches implements AutoCloseable {

    /**
     * Policies that have agreed so far.
     *
     * @param policies their indexes, at least one
     */
    private record Branch(List<Integer> policies, HiddenStates states) {}

    /** Is shown the hidden states of a policy. */
    @FunctionalInterface
    interface Visitor {

        /** @param policy its index */
        void visit(int policy, HiddenStates states);
    }

    private final List<Branch> branches = new ArrayList<>();

    /**
     * Policies before the first layer.
     *
     * @param states which belong to the branches from now on
     * @param policies indexes
     */
    PolicyBranches(HiddenStates states, List<Integer> policies) {
        branches.add(new Branch(policies, states));
    }

    /** Rows of the largest chunk. */
    int chunkRows() {
        return branches.getFirst().states().chunkRows();
    }

    /**
     * Lets policies part that retain something else of a module.
     *
     * @param units how many units of it a policy retains
     */
    void split(ComputeBackend backend, IntUnaryOperator units) {
        int before = branches.size();
        for (int i = 0; i < before; i++) {
            Branch branch = branches.get(i);
            Map<Integer, List<Integer>> parts = branch.policies().stream()
                    .collect(Collectors.groupingBy(units::applyAsInt, LinkedHashMap::new, Collectors.toList()));
            Iterator<List<Integer>> part = parts.values().iterator();
            branches.set(i, new Branch(part.next(), branch.states()));
            while (part.hasNext()) {
                branches.add(new Branch(part.next(), branch.states().copy(backend)));
            }
        }
    }

    /** Shows each branch once, as that of the first of its policies. */
    void forEachBranch(Visitor visitor) {
        branches.forEach(branch -> visitor.visit(
                branch.policies().stream().mapToInt(Integer::intValue).min().orElseThrow(), branch.states()));
    }

    /** Shows the hidden states of each policy. */
    void forEach(Visitor visitor) {
        branches.forEach(branch -> branch.policies().forEach(policy -> visitor.visit(policy, branch.states())));
    }

    /** Those of the only branch, which belong to the caller from now on. */
    HiddenStates only() {
        return branches.removeFirst().states();
    }

    @Override
    public void close() {
        branches.forEach(branch -> branch.states().close());
    }
}
