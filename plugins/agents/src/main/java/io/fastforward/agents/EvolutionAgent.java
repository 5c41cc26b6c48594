package io.fastforward.agents;

import io.fastforward.spi.Options;
import io.fastforward.spi.model.SearchSpace;
import io.fastforward.spi.search.PolicyAgent;
import java.nio.ByteBuffer;
import java.nio.DoubleBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * An evolutionary search (Eiben and Smith: Introduction to Evolutionary Computing, 2nd edition 2015, chapters 3 to 5) of the kind that
 * is used to find sub-networks: parents are chosen by tournament among the last generation, their scores crossed over one by one and
 * mutated by Gaussian noise, and the best of a generation live on. A generation is a batch, so only rewards on the same windows
 * and at the same sparsity are compared; who lives on is evaluated again, which costs nothing once all windows are taken.
 */
final class EvolutionAgent implements PolicyAgent {

    static final String KIND = "evolution";

    /** What stands in a saved state, where there is room for eight letters. */
    private static final String SAVED_KIND = "evolutio";

    private final int batchSize;
    private final int elites;
    private final int tournament;
    private final double crossover;
    private final double mutation;
    private final double mutationDeviation;
    private final BatchStreams streams;
    private final Start start;

    /** The last generation, the best first; none before the first. */
    private final List<double[]> parents = new ArrayList<>();

    EvolutionAgent(SearchSpace space, long seed, Options options) {
        start = Start.of(space, options);
        batchSize = options.wholeNumber("batch");
        elites = options.wholeNumber("elites");
        tournament = options.wholeNumber("tournament");
        crossover = options.number("crossover");
        mutation = options.number("mutation");
        mutationDeviation = options.number("mutation-std");
        streams = new BatchStreams(seed);
        if (elites >= batchSize) {
            throw new IllegalArgumentException(
                    "of a batch of " + batchSize + " fewer can live on, but elites is " + elites);
        }
    }

    @Override
    public int batchSize() {
        return batchSize;
    }

    @Override
    public List<double[]> propose(int count, double sparsity) {
        SplittableRandom random = streams.next();
        List<double[]> proposals = new ArrayList<>();
        int children = count - Math.min(elites, Math.min(count - 1, parents.size()));
        for (int i = 0; i < children; i++) {
            proposals.add(
                    parents.isEmpty()
                            ? mutated(start.scores(), 1, start.deviation(), random)
                            : mutated(crossed(random), mutation, mutationDeviation, random));
        }
        for (int i = 0; proposals.size() < count; i++) {
            proposals.add(parents.get(i).clone());
        }
        return proposals;
    }

    private double[] crossed(SplittableRandom random) {
        double[] mother = winner(random);
        double[] father = winner(random);
        boolean mixed = random.nextDouble() < crossover;
        return IntStream.range(0, mother.length)
                .mapToDouble(site -> mixed && random.nextBoolean() ? father[site] : mother[site])
                .toArray();
    }

    /** Parents are sorted, so the first of those that meet wins. */
    private double[] winner(SplittableRandom random) {
        int best = parents.size() - 1;
        for (int i = 0; i < tournament; i++) {
            best = Math.min(best, random.nextInt(parents.size()));
        }
        return parents.get(best);
    }

    private static double[] mutated(double[] scores, double probability, double deviation, SplittableRandom random) {
        return IntStream.range(0, scores.length)
                .mapToDouble(site -> random.nextDouble() < probability
                        ? scores[site] + deviation * random.nextGaussian()
                        : scores[site])
                .toArray();
    }

    @Override
    public void observe(List<Outcome> outcomes) {
        parents.clear();
        outcomes.stream()
                .sorted(Comparator.comparingDouble(Outcome::reward).reversed())
                .limit(batchSize)
                .forEach(outcome -> parents.add(outcome.scores().clone()));
    }

    @Override
    public double[] best(double sparsity) {
        return (parents.isEmpty() ? start.scores() : parents.getFirst()).clone();
    }

    private int sites() {
        return start.scores().length;
    }

    /** Room for a whole generation, however many there are. */
    private int stateBytes() {
        return BatchStreams.STATE_BYTES + Integer.BYTES + batchSize * sites() * Double.BYTES;
    }

    @Override
    public byte[] save() {
        ByteBuffer content = ByteBuffer.allocate(stateBytes());
        streams.write(content);
        content.putInt(parents.size());
        DoubleBuffer numbers = content.asDoubleBuffer();
        parents.forEach(numbers::put);
        return SavedState.seal(SAVED_KIND, sites(), content);
    }

    @Override
    public void restore(byte[] state) {
        ByteBuffer content = SavedState.open(state, SAVED_KIND, sites(), stateBytes());
        streams.read(content);
        int saved = content.getInt();
        if (saved < 0 || saved > batchSize) {
            throw new IllegalArgumentException("the agent's state has a generation of " + saved);
        }
        parents.clear();
        DoubleBuffer numbers = content.asDoubleBuffer();
        for (int i = 0; i < saved; i++) {
            double[] scores = new double[sites()];
            numbers.get(scores);
            parents.add(scores);
        }
    }
}
