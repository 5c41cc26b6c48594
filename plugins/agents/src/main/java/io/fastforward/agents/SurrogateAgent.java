package io.fastforward.agents;

import io.fastforward.spi.model.SearchSpace;
import io.fastforward.spi.search.PolicyAgent;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.stream.Stream;

/**
 * Proposes what is likely to be good without a search, the policies of the prior, once.
 *
 * @param space has a prior
 */
record SurrogateAgent(SearchSpace space) implements PolicyAgent {

    static final String KIND = "surrogate";

    /** What stands in a saved state, where there is room for eight letters. */
    private static final String SAVED_KIND = "surrogat";

    SurrogateAgent {
        if (space.prior().isEmpty()) {
            throw new IllegalArgumentException(
                    "the agent " + KIND + " proposes policies of a prior, but the run has none");
        }
    }

    @Override
    public int batchSize() {
        return space.prior().size();
    }

    @Override
    public int episodeLimit() {
        return space.prior().size();
    }

    @Override
    public List<double[]> propose(int count, double sparsity) {
        return Stream.generate(space.prior()::stream)
                .flatMap(policies -> policies)
                .map(policy -> policy.stream().mapToDouble(share -> share).toArray())
                .limit(count)
                .toList();
    }

    @Override
    public void observe(List<Outcome> outcomes) {}

    @Override
    public double[] best(double sparsity) {
        return space.likely().orElseThrow();
    }

    @Override
    public byte[] save() {
        return SavedState.seal(SAVED_KIND, space.sites().size(), ByteBuffer.allocate(0));
    }

    @Override
    public void restore(byte[] state) {
        SavedState.open(state, SAVED_KIND, space.sites().size(), 0);
    }
}
