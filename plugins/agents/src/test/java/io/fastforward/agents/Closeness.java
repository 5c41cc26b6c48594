package io.fastforward.agents;

import io.fastforward.spi.search.PolicyAgent;
import io.fastforward.spi.search.PolicyAgent.Outcome;
import java.util.ArrayList;
import java.util.List;

/** A reward for being close to some scores, for agents to learn. */
final class Closeness {

    private static final double[] TARGET = {0.5, -0.4, 0.3, 0.8};

    private Closeness() {}

    /** 1 at the target, less elsewhere. */
    static double reward(double[] scores) {
        double sum = 0;
        for (int i = 0; i < TARGET.length; i++) {
            sum += (scores[i] - TARGET[i]) * (scores[i] - TARGET[i]);
        }
        return 1 - sum / 5;
    }

    static void train(PolicyAgent agent, int batches, double sparsity) {
        for (int batch = 0; batch < batches; batch++) {
            List<double[]> proposals = agent.propose(agent.batchSize(), sparsity);
            agent.observe(proposals.stream()
                    .map(scores -> new Outcome(scores, sparsity, reward(scores)))
                    .toList());
        }
    }

    /** The first one of every batch has a reward far below all others. */
    static void trainWithABrokenOne(PolicyAgent agent, int batches, double sparsity) {
        for (int batch = 0; batch < batches; batch++) {
            List<double[]> proposals = agent.propose(agent.batchSize(), sparsity);
            List<Outcome> outcomes = new ArrayList<>();
            for (double[] scores : proposals.subList(1, proposals.size())) {
                outcomes.add(new Outcome(scores, sparsity, reward(scores)));
            }
            outcomes.addFirst(new Outcome(proposals.getFirst(), sparsity, -1e9));
            agent.observe(outcomes);
        }
    }
}
