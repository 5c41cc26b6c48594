package io.fastforward.agents;

import io.fastforward.spi.search.PolicyAgent;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Proposes independent standard normal scores.
 *
 * @param modules how many scores
 * @param batchSize proposals evaluated together
 * @param streams the random numbers
 */
record RandomAgent(int modules, int batchSize, BatchStreams streams) implements PolicyAgent {

    static final String KIND = "random";

    @Override
    public List<double[]> propose(int count, double sparsity) {
        SplittableRandom random = streams.next();
        return IntStream.range(0, count)
                .mapToObj(proposal -> IntStream.range(0, modules)
                        .mapToDouble(module -> random.nextGaussian())
                        .toArray())
                .toList();
    }

    @Override
    public void observe(List<Outcome> outcomes) {}

    /** The mean of the proposals: equal scores. */
    @Override
    public double[] best(double sparsity) {
        return new double[modules];
    }

    @Override
    public byte[] save() {
        ByteBuffer content = ByteBuffer.allocate(BatchStreams.STATE_BYTES);
        streams.write(content);
        return SavedState.seal(KIND, modules, content);
    }

    @Override
    public void restore(byte[] state) {
        streams.read(SavedState.open(state, KIND, modules, BatchStreams.STATE_BYTES));
    }
}
