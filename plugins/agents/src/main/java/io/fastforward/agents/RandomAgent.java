package io.fastforward.agents;

import io.fastforward.spi.PolicyAgent;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Proposes independent standard normal scores. */
final class RandomAgent implements PolicyAgent {

    static final String KIND = "random";
    private static final int STATE_BYTES = Long.BYTES + Integer.BYTES;

    private final int modules;
    private final int batchSize;
    private long seed;
    private int batches;

    RandomAgent(int modules, long seed, int batchSize) {
        this.modules = modules;
        this.seed = seed;
        this.batchSize = batchSize;
    }

    @Override
    public int batchSize() {
        return batchSize;
    }

    @Override
    public List<double[]> propose(int count, double sparsity) {
        SplittableRandom random = BatchStreams.stream(seed, batches++);
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
        return SavedState.seal(
                KIND, modules, ByteBuffer.allocate(STATE_BYTES).putLong(seed).putInt(batches));
    }

    @Override
    public void restore(byte[] state) {
        ByteBuffer content = SavedState.open(state, KIND, modules, STATE_BYTES);
        long savedSeed = content.getLong();
        int savedBatches = content.getInt();
        if (savedBatches < 0) {
            throw new IllegalArgumentException("the agent's state counts " + savedBatches + " batches");
        }
        seed = savedSeed;
        batches = savedBatches;
    }
}
