package io.fastforward.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fastforward.spi.model.SearchSpace;
import io.fastforward.spi.model.Site;
import io.fastforward.spi.search.PolicyAgent;
import io.fastforward.spi.search.PolicyAgent.Outcome;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What every {@link PolicyAgent} has to keep. A provider's test extends it. */
public abstract class PolicyAgentContract extends PluginContract<PolicyAgent.Provider> {

    private static final int MODULES = 6;
    private static final double SPARSITY = 0.3;

    /** For the test of one provider. */
    protected PolicyAgentContract() {
        super(PolicyAgent.Provider.class);
    }

    /** Whether proposals depend on the seed. */
    protected abstract boolean stochastic();

    /** A search space of so many modules, whose target is 30%, without a prior. */
    protected static SearchSpace space(int modules) {
        return new SearchSpace(
                IntStream.range(0, modules)
                        .mapToObj(i -> i % 2 == 0
                                ? new Site(i / 2, Site.Kind.ATTENTION, 6, 1, 4096, 0, 1, scores(i, 6), errors(i, 6))
                                : new Site(i / 2, Site.Kind.MLP, 64, 7, 72, 24, 1, scores(i, 64), errors(i, 64)))
                        .toList(),
                SPARSITY,
                List.of());
    }

    /** Descending, and other ones in every module. */
    private static List<Double> scores(int module, int units) {
        return IntStream.range(0, units)
                .mapToObj(unit -> (units - unit) * (1 + 0.1 * module) / units)
                .toList();
    }

    /** The same, and policies that are likely to be good. */
    private static SearchSpace likelySpace(int modules) {
        return new SearchSpace(
                space(modules).sites(),
                SPARSITY,
                List.of(
                        IntStream.range(0, modules)
                                .mapToObj(i -> i % 2 == 0 ? 0.5 : 0.75)
                                .toList(),
                        Collections.nCopies(modules, 0.7)));
    }

    /** Falling to 0. */
    private static List<Double> errors(int module, int units) {
        return IntStream.rangeClosed(0, units)
                .mapToObj(kept -> 0.1 * (1 + module) * (units - kept) / units)
                .toList();
    }

    private PolicyAgent agent(long seed) {
        return agent(MODULES, seed);
    }

    private PolicyAgent agent(int modules, long seed) {
        return provider().create(likelySpace(modules), seed, options(Map.of()));
    }

    /** Proposes and observes batches with rewards that depend on the scores; returns all proposals. */
    private static List<double[]> play(PolicyAgent agent, int batches) {
        List<double[]> all = new ArrayList<>();
        for (int batch = 0; batch < batches; batch++) {
            List<double[]> proposals = agent.propose(agent.batchSize(), SPARSITY);
            List<Outcome> outcomes = new ArrayList<>();
            for (double[] scores : proposals) {
                outcomes.add(new Outcome(scores, SPARSITY, 1 / (1 + Math.abs(scores[0] - 0.5))));
            }
            agent.observe(outcomes);
            all.addAll(proposals);
        }
        return all;
    }

    private static void assertFinite(List<double[]> proposals) {
        for (double[] scores : proposals) {
            assertThat(scores).hasSize(MODULES);
            assertThat(Arrays.stream(scores).allMatch(Double::isFinite)).isTrue();
        }
    }

    @Test
    public void proposesAsManyFiniteScoresAsAskedFor() {
        PolicyAgent agent = agent(1);
        assertThat(agent.batchSize()).isPositive();
        assertThat(agent.episodeLimit()).isPositive();
        for (int count : new int[] {1, 2, agent.batchSize()}) {
            List<double[]> proposals = agent.propose(count, SPARSITY);
            assertThat(proposals).hasSize(count);
            assertFinite(proposals);
        }
        assertFinite(List.of(agent.best(SPARSITY)));
    }

    /** Before a run begins, an agent is made of a space of equal scores to see whether its options go together. */
    @Test
    public void equalScoresOfUnitsWillDo() {
        List<Site> sites = space(MODULES).sites().stream()
                .map(site -> new Site(
                        site.layer(),
                        site.kind(),
                        site.units(),
                        site.minimumUnits(),
                        site.unitParameters(),
                        site.fixedParameters(),
                        site.unitStep(),
                        Collections.nCopies(site.units(), 0.0),
                        List.of()))
                .toList();
        PolicyAgent agent = provider()
                .create(
                        new SearchSpace(sites, SPARSITY, List.of(Collections.nCopies(MODULES, 0.7))),
                        1,
                        options(Map.of()));
        assertFinite(agent.propose(1, SPARSITY));
    }

    @Test
    public void learnsFromABatchOfAnySize() {
        PolicyAgent agent = agent(1);
        for (int count : new int[] {1, 2, 7}) {
            List<double[]> proposals = agent.propose(count, SPARSITY);
            agent.observe(proposals.stream()
                    .map(scores -> new Outcome(scores, SPARSITY, scores[0]))
                    .toList());
        }
        assertFinite(agent.propose(3, SPARSITY));
    }

    @Test
    public void sameSeedSameProposals() {
        assertThat(play(agent(7), 3)).usingRecursiveComparison().isEqualTo(play(agent(7), 3));
        assertThat(agent(7).best(SPARSITY)).isEqualTo(agent(7).best(SPARSITY));
    }

    @Test
    public void otherSeedOtherProposals() {
        boolean equal =
                Arrays.deepEquals(play(agent(7), 1).toArray(), play(agent(8), 1).toArray());
        assertThat(equal).isNotEqualTo(stochastic());
    }

    @Test
    public void laterBatchesDiffer() {
        PolicyAgent agent = agent(7);
        boolean equal = Arrays.equals(play(agent, 1).getFirst(), play(agent, 1).getFirst());
        assertThat(equal).isNotEqualTo(stochastic());
    }

    @Test
    public void goesOnExactlyFromASavedState() {
        for (int before = 0; before < 3; before++) {
            PolicyAgent uninterrupted = agent(7);
            play(uninterrupted, before);
            byte[] state = uninterrupted.save();
            List<double[]> expected = play(uninterrupted, 3);

            PolicyAgent restored = agent(99);
            restored.restore(state);
            assertThat(play(restored, 3)).usingRecursiveComparison().isEqualTo(expected);
            assertThat(restored.best(SPARSITY)).isEqualTo(uninterrupted.best(SPARSITY));
            assertThat(restored.save()).isEqualTo(uninterrupted.save());
        }
    }

    @Test
    public void rejectsDamagedStates() {
        PolicyAgent saved = agent(7);
        play(saved, 1);
        byte[] state = saved.save();
        PolicyAgent agent = agent(1);
        List<double[]> untouched = agent(1).propose(2, SPARSITY);

        List<byte[]> damaged = new ArrayList<>();
        damaged.add(new byte[0]);
        damaged.add("no agent at all, but some text".getBytes(StandardCharsets.UTF_8));
        damaged.add(Arrays.copyOf(state, state.length - 1));
        damaged.add(Arrays.copyOf(state, state.length / 2));
        damaged.add(Arrays.copyOf(state, state.length + 8));
        for (int position : new int[] {0, 5, state.length / 2, state.length - 1}) {
            byte[] flipped = state.clone();
            flipped[position] ^= 0x10;
            damaged.add(flipped);
        }
        for (byte[] bytes : damaged) {
            assertThatThrownBy(() -> agent.restore(bytes)).isInstanceOf(IllegalArgumentException.class);
        }
        assertThat(agent.propose(2, SPARSITY)).usingRecursiveComparison().isEqualTo(untouched);
    }

    @Test
    public void rejectsAStateOfAnotherSize() {
        byte[] other = agent(MODULES + 2, 7).save();
        PolicyAgent agent = agent(7);
        assertThatThrownBy(() -> agent.restore(other)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    public void survivesExtremeAndEqualRewards() {
        for (double[] rewards : new double[][] {{-1e9, 0.5}, {-1e9, -1e9}, {1e9, 0.1}, {0, 0}, {0.9, 0.9}}) {
            PolicyAgent agent = agent(7);
            for (int batch = 0; batch < 5; batch++) {
                List<double[]> proposals = agent.propose(agent.batchSize(), SPARSITY);
                List<Outcome> outcomes = new ArrayList<>();
                for (int i = 0; i < proposals.size(); i++) {
                    outcomes.add(new Outcome(proposals.get(i), SPARSITY, rewards[i % 2]));
                }
                agent.observe(outcomes);
                assertFinite(proposals);
            }
            assertFinite(List.of(agent.best(SPARSITY)));
        }
    }
}
