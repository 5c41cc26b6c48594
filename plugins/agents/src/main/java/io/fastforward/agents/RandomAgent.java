package io.fastforward.agents;

import io.fastforward.spi.search.PolicyAgent;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Proposes independent standard normal scores. */
final class RandomAgent implements PolicyAgent {

    static final String KIND = "random";

    private final int modules;
    private final int batchSize;
    private final BatchStreams streams;

    RandomAgent(int modules, long seed, int batchSize) {
        this.modules = modules;
        this.batchSize = batchSize;
        streams = new BatchStreams(seed);
    }

    @Override
    public int batchSize() {
        return batchSize;
    }

    @Override
    public List<double[]> propose(int count, double sparsity) {
        SplittableRandom random = streams.next();
        List<double[]> proposals = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            double[] scores = new double[modules];
            for (int module = 0; module < modules; module++) {
                scores[module] = random.nextGaussian();
            }
            proposals.add(scores);
        }
        return proposals;
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
