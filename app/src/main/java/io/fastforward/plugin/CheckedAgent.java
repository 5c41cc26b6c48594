package io.fastforward.plugin;

import io.fastforward.spi.search.PolicyAgent;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** An agent whose proposals are known to be finite and as many as they should be. */
final class CheckedAgent implements PolicyAgent {

    private final CalledPlugin called;
    private final PolicyAgent agent;
    private final int modules;
    private int batchSize;
    private int episodeLimit;

    /** @param modules numbers in a proposal */
    CheckedAgent(CalledPlugin called, PolicyAgent agent, int modules) {
        this.called = called;
        this.agent = agent;
        this.modules = modules;
        readSizes();
    }

    @Override
    public int batchSize() {
        return batchSize;
    }

    @Override
    public int episodeLimit() {
        return episodeLimit;
    }

    @Override
    public List<double[]> propose(int count, double sparsity) {
        List<double[]> proposals = called.call("proposing", () -> copy(agent.propose(count, sparsity)));
        if (proposals.size() != count) {
            throw called.failure("was asked for " + count + " proposals, but gave " + proposals.size());
        }
        proposals.forEach(this::requireScores);
        return proposals;
    }

    @Override
    public void observe(List<Outcome> outcomes) {
        called.run("observing rewards", () -> agent.observe(outcomes));
    }

    @Override
    public double[] best(double sparsity) {
        double[] best =
                called.call("giving its best guess", () -> agent.best(sparsity)).clone();
        requireScores(best);
        return best;
    }

    @Override
    public byte[] save() {
        return called.call("saving its state", agent::save).clone();
    }

    @Override
    public void restore(byte[] state) {
        called.callThatMayReject("restoring its state", () -> {
            agent.restore(state.clone());
            return true;
        });
        readSizes();
    }

    private void readSizes() {
        batchSize = called.call("telling its batch size", agent::batchSize);
        if (batchSize < 1) {
            throw called.failure("has a batch size of " + batchSize + ", expected at least 1");
        }
        episodeLimit = called.call("telling its episode limit", agent::episodeLimit);
        if (episodeLimit < 0) {
            throw called.failure("has an episode limit of " + episodeLimit + ", expected at least 0");
        }
    }

    private void requireScores(double[] scores) {
        if (scores.length != modules || !Arrays.stream(scores).allMatch(Double::isFinite)) {
            throw called.failure("must propose " + modules + " finite scores, but proposed " + scores.length
                    + Arrays.stream(scores)
                            .filter(score -> !Double.isFinite(score))
                            .mapToObj(score -> ", one of them " + score)
                            .findFirst()
                            .orElse(""));
        }
    }

    /** It may go on writing to its arrays. */
    private static @Nullable List<double[]> copy(@Nullable List<double[]> proposals) {
        return proposals == null
                ? null
                : proposals.stream().map(scores -> scores.clone()).toList();
    }
}
