package io.fastforward.forward;

import io.fastforward.spi.backend.ComputeBackend;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;

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

    private List<Branch> branches;

    /**
     * Policies before the first layer.
     *
     * @param states which belong to the branches from now on
     * @param policies indexes
     */
    PolicyBranches(HiddenStates states, List<Integer> policies) {
        branches = List.of(new Branch(List.copyOf(policies), states));
    }

    /** Rows of the largest chunk. */
    int chunkRows() {
        return branches.getFirst().states().chunkRows();
    }

    /**
     * Lets policies part that retain something else of a layer.
     *
     * @param units what a policy retains of it
     */
    void split(ComputeBackend backend, IntFunction<List<Integer>> units) {
        List<Branch> before = branches;
        List<Branch> after = new ArrayList<>(before);
        for (int i = 0; i < before.size(); i++) {
            Branch branch = before.get(i);
            Map<List<Integer>, List<Integer>> parts = new LinkedHashMap<>();
            branch.policies()
                    .forEach(policy -> parts.computeIfAbsent(units.apply(policy), _ -> new ArrayList<>())
                            .add(policy));
            boolean first = true;
            for (List<Integer> part : parts.values()) {
                if (first) {
                    after.set(i, new Branch(part, branch.states()));
                } else {
                    after.add(new Branch(part, branch.states().copy(backend)));
                    branches = List.copyOf(after); // so that all are closed if the next one cannot be copied
                }
                first = false;
            }
        }
        branches = after;
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
        HiddenStates states = branches.getFirst().states();
        branches = List.of();
        return states;
    }

    @Override
    public void close() {
        branches.forEach(branch -> branch.states().close());
    }
}
