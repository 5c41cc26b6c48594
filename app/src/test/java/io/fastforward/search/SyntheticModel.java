package io.fastforward.search;

import io.fastforward.spi.model.Policy;
import io.fastforward.spi.search.PolicyAgent;
import io.fastforward.spi.search.PolicyAgent.Outcome;
import io.fastforward.spi.search.TrialBatch;
import io.fastforward.spi.search.TrialExecutor;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A stand-in for a language model: NLL = 2 + Σ wᵢ (1 − rᵢ)² + noise of the windows, with a few modules that matter. It
 * keeps the calls that it got.
 */
final class SyntheticModel implements TrialExecutor {

    private final Budget budget;
    private final double[] weights;
    private final List<TrialBatch> calls = new ArrayList<>();

    SyntheticModel(Budget budget) {
        this.budget = budget;
        SplittableRandom random = new SplittableRandom(5);
        weights = new double[budget.modules()];
        for (int module = 0; module < weights.length; module++) {
            weights[module] = Math.exp(2 * random.nextGaussian() - 2);
        }
    }

    List<TrialBatch> calls() {
        return calls;
    }

    @Override
    public List<Result> execute(TrialBatch batch) {
        calls.add(batch);
        return batch.candidates().stream()
                .map(candidate -> new Result(
                        batch.windows().stream()
                                .map(window -> nll(window, candidate))
                                .toList(),
                        255.0 * batch.windows().size()))
                .toList();
    }

    double nll(int window, Policy candidate) {
        double nll = 2 + new SplittableRandom(window).split().nextGaussian() / 100;
        for (int module = 0; module < weights.length; module++) {
            double missing = 1 - (double) candidate.retained().get(module) / budget.units(module);
            nll += weights[module] * missing * missing;
        }
        return nll;
    }

    @Override
    public void close() {}

    /** A small agent that learns: normal scores around the best ones of the latest batches. */
    static final class Climber implements PolicyAgent {

        private final double[] center;
        private double reward = Double.NEGATIVE_INFINITY;
        private double lastSparsity;
        private int batches;
        private long seed;

        Climber(int modules, long seed) {
            center = new double[modules];
            this.seed = seed;
        }

        @Override
        public int batchSize() {
            return 5;
        }

        @Override
        public List<double[]> propose(int count, double sparsity) {
            SplittableRandom random = new SplittableRandom(seed + 31L * batches++);
            List<double[]> proposals = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                double[] scores = center.clone();
                for (int module = 0; module < scores.length; module++) {
                    scores[module] += 0.2 * random.nextGaussian();
                }
                proposals.add(scores);
            }
            return proposals;
        }

        @Override
        public void observe(List<Outcome> outcomes) {
            for (Outcome outcome : outcomes) {
                if (outcome.reward() > reward || outcome.sparsity() > lastSparsity) {
                    reward = outcome.reward();
                    lastSparsity = outcome.sparsity();
                    System.arraycopy(outcome.scores(), 0, center, 0, center.length);
                }
            }
        }

        @Override
        public double[] best(double sparsity) {
            return center.clone();
        }

        @Override
        public byte[] save() {
            ByteBuffer state = ByteBuffer.allocate(8 * (center.length + 3) + 4);
            state.putLong(seed).putDouble(reward).putDouble(lastSparsity).putInt(batches);
            state.asDoubleBuffer().put(center);
            return state.array();
        }

        @Override
        public void restore(byte[] bytes) {
            if (bytes.length != 8 * (center.length + 3) + 4) {
                throw new IllegalArgumentException("bad length");
            }
            ByteBuffer state = ByteBuffer.wrap(bytes);
            seed = state.getLong();
            reward = state.getDouble();
            lastSparsity = state.getDouble();
            batches = state.getInt();
            state.asDoubleBuffer().get(center);
        }
    }
}
