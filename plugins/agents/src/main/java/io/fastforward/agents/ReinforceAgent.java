package io.fastforward.agents;

import io.fastforward.spi.Options;
import io.fastforward.spi.model.SearchSpace;
import io.fastforward.spi.search.PolicyAgent;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * REINFORCE (Williams: Simple statistical gradient-following algorithms for connectionist reinforcement learning, Machine Learning 8,
 * 1992) of a diagonal Gaussian without any network: one mean and one log-deviation a site. The baseline of a proposal is the mean
 * reward of the others of its batch, which leaves the gradient unbiased (Kool, van Hoof, Welling: Buy 4 REINFORCE samples, get a
 * baseline for free, 2019); advantages are scaled to variance 1.
 */
final class ReinforceAgent implements PolicyAgent {

    static final String KIND = "reinforce";

    /** What stands in a saved state, where there is room for eight letters. */
    private static final String SAVED_KIND = "reinforc";

    private final int batchSize;
    private final double learningRate;
    private final int sites;
    private final BatchStreams streams;

    /** Means, then log-deviations. */
    private final double[] parameters;

    private final Adam adam;

    ReinforceAgent(SearchSpace space, long seed, Options options) {
        Start start = Start.of(space, options);
        batchSize = options.wholeNumber("batch");
        learningRate = options.number("learning-rate");
        sites = start.scores().length;
        streams = new BatchStreams(seed);
        parameters = Arrays.copyOf(start.scores(), 2 * sites);
        Arrays.fill(parameters, sites, 2 * sites, Math.log(start.deviation()));
        adam = new Adam(parameters.length);
    }

    @Override
    public int batchSize() {
        return batchSize;
    }

    @Override
    public List<double[]> propose(int count, double sparsity) {
        SplittableRandom random = streams.next();
        return IntStream.range(0, count)
                .mapToObj(proposal -> IntStream.range(0, sites)
                        .mapToDouble(site -> parameters[site] + deviation(site) * random.nextGaussian())
                        .toArray())
                .toList();
    }

    private double deviation(int site) {
        return Math.exp(parameters[sites + site]);
    }

    @Override
    public void observe(List<Outcome> outcomes) {
        // The mean of the others differs from that of all by a factor, which scaling takes away.
        double[] advantages = Advantages.normalized(Advantages.rewards(outcomes), 0);
        double[] gradient = new double[parameters.length];
        for (int i = 0; i < advantages.length; i++) {
            double[] scores = outcomes.get(i).scores();
            double weight = -advantages[i] / advantages.length;
            for (int site = 0; site < sites; site++) {
                double distance = (scores[site] - parameters[site]) / deviation(site);
                // In units of the deviation, as the natural gradient has it, so that narrow sites do not run away.
                gradient[site] += weight * distance;
                gradient[sites + site] += weight * (distance * distance - 1);
            }
        }
        adam.step(parameters, gradient, learningRate);
    }

    @Override
    public double[] best(double sparsity) {
        return Arrays.copyOf(parameters, sites);
    }

    private int stateBytes() {
        return BatchStreams.STATE_BYTES + adam.stateBytes() + parameters.length * Double.BYTES;
    }

    @Override
    public byte[] save() {
        ByteBuffer content = ByteBuffer.allocate(stateBytes());
        streams.write(content);
        adam.write(content);
        content.asDoubleBuffer().put(parameters);
        return SavedState.seal(SAVED_KIND, sites, content);
    }

    @Override
    public void restore(byte[] state) {
        ByteBuffer content = SavedState.open(state, SAVED_KIND, sites, stateBytes());
        streams.read(content);
        adam.read(content);
        content.asDoubleBuffer().get(parameters);
    }
}
