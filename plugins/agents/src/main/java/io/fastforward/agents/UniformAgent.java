package io.fastforward.agents;

import io.fastforward.spi.search.PolicyAgent;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Proposes equal scores, once. */
final class UniformAgent implements PolicyAgent {

    static final String KIND = "uniform";

    private final int modules;

    UniformAgent(int modules) {
        this.modules = modules;
    }

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
        List<double[]> proposals = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            proposals.add(new double[modules]);
        }
        return proposals;
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
