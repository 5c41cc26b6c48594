package io.fastforward.agents;

import io.fastforward.spi.search.PolicyAgent;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.stream.Stream;

/**
 * Proposes equal scores, once.
 *
 * @param modules how many scores
 */
record UniformAgent(int modules) implements PolicyAgent {

    static final String KIND = "uniform";

    @Override
    public int batchSize() {
        return 1;
    }

    @Override
    public int episodeLimit() {
        return 1;
    }

    @Override
    public List<double[]> propose(int count, double sparsity) {
        return Stream.generate(() -> new double[modules]).limit(count).toList();
    }

    @Override
    public void observe(List<Outcome> outcomes) {}

    @Override
    public double[] best(double sparsity) {
        return new double[modules];
    }

    @Override
    public byte[] save() {
        return SavedState.seal(KIND, modules, ByteBuffer.allocate(0));
    }

    @Override
    public void restore(byte[] state) {
        SavedState.open(state, KIND, modules, 0);
    }
}
