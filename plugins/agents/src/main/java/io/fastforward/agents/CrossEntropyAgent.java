package io.fastforward.agents;

import io.fastforward.spi.Options;
import io.fastforward.spi.model.SearchSpace;
import io.fastforward.spi.search.PolicyAgent;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * The cross-entropy method (de Boer, Kroese, Mannor, Rubinstein: A Tutorial on the Cross-Entropy Method, 2005, section 5): scores are
 * drawn from a diagonal Gaussian, which moves towards the best share of every batch. Ranks alone count, so that batches of other
 * sparsities and windows need not be compared.
 */
final class CrossEntropyAgent implements PolicyAgent {

    static final String KIND = "cross-entropy";

    /** What stands in a saved state, where there is room for eight letters. */
    private static final String SAVED_KIND = "crossent";

    private final int batchSize;
    private final double elite;
    private final double smoothing;
    private final double leastDeviation;
    private final BatchStreams streams;
    private final double[] means;
    private final double[] deviations;

    CrossEntropyAgent(SearchSpace space, long seed, Options options) {
        Start start = Start.of(space, options);
        batchSize = options.wholeNumber("batch");
        elite = options.number("elite");
        smoothing = options.number("smoothing");
        leastDeviation = options.number("least-std");
        streams = new BatchStreams(seed);
        means = start.scores().clone();
        deviations = new double[means.length];
        Arrays.fill(deviations, start.deviation());
    }

    @Override
    public int batchSize() {
        return batchSize;
    }

    @Override
    public List<double[]> propose(int count, double sparsity) {
        SplittableRandom random = streams.next();
        return IntStream.range(0, count)
                .mapToObj(proposal -> IntStream.range(0, means.length)
                        .mapToDouble(site -> means[site] + deviations[site] * random.nextGaussian())
                        .toArray())
                .toList();
    }

    @Override
    public void observe(List<Outcome> outcomes) {
        int best = Math.max(1, (int) Math.round(elite * outcomes.size()));
        List<double[]> elites = outcomes.stream()
                .sorted(Comparator.comparingDouble(Outcome::reward).reversed())
                .limit(best)
                .map(Outcome::scores)
                .toList();
        for (int site = 0; site < means.length; site++) {
            int of = site;
            double mean =
                    elites.stream().mapToDouble(scores -> scores[of]).average().orElseThrow();
            double variance = elites.stream()
                    .mapToDouble(scores -> (scores[of] - mean) * (scores[of] - mean))
                    .average()
                    .orElseThrow();
            means[site] += smoothing * (mean - means[site]);
            deviations[site] += smoothing * (Math.sqrt(variance) - deviations[site]);
            deviations[site] = Math.max(leastDeviation, deviations[site]);
        }
    }

    @Override
    public double[] best(double sparsity) {
        return means.clone();
    }

    private int stateBytes() {
        return BatchStreams.STATE_BYTES + 2 * means.length * Double.BYTES;
    }

    @Override
    public byte[] save() {
        ByteBuffer content = ByteBuffer.allocate(stateBytes());
        streams.write(content);
        content.asDoubleBuffer().put(means).put(deviations);
        return SavedState.seal(SAVED_KIND, means.length, content);
    }

    @Override
    public void restore(byte[] state) {
        ByteBuffer content = SavedState.open(state, SAVED_KIND, means.length, stateBytes());
        streams.read(content);
        content.asDoubleBuffer().get(means).get(deviations);
    }
}
