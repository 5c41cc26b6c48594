package io.fastforward.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.json.StrictJson;
import io.fastforward.search.SearchResult.Finalist;
import io.fastforward.search.SearchResult.Origin;
import io.fastforward.search.SyntheticModel.Climber;
import io.fastforward.spi.Options;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.search.PolicyAgent;
import io.fastforward.spi.search.TrialBatch;
import io.fastforward.spi.search.TrialExecutor;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.function.ToDoubleBiFunction;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class PolicySearchTest {

    private static final double SPARSITY = 0.4;
    private static final int WINDOWS = 16;
    private static final SearchListener DEAF = (trials, state) -> {};

    private static final List<ModuleSpec> MODULES = Architectures.llama(4, 24, 4, 6, 1, 64);

    private final Budget budget = new Budget(MODULES, 0.1);
    private final SyntheticModel model = new SyntheticModel(budget);

    private static SearchSettings settings(int episodes) {
        return new SearchSettings(
                episodes, 3, SPARSITY, new ShiftMapping(), Schedule.DEFAULT, WINDOWS, 3, WINDOWS, true);
    }

    private Climber climber() {
        return new Climber(budget.modules(), 1);
    }

    private static PolicySearch search(
            SearchSettings settings,
            Budget budget,
            PolicyAgent agent,
            TrialExecutor executor,
            SearchListener listener) {
        return new PolicySearch(
                new SearchTask(settings, budget, List.of()), agent, executor, Reward.PERPLEXITY_RATIO, listener);
    }

    /** An executor of which the test says what a trial gives. */
    private static TrialExecutor executor(ToDoubleBiFunction<TrialBatch, Policy> loss) {
        return new TrialExecutor() {
            @Override
            public List<Result> execute(TrialBatch batch) {
                return batch.candidates().stream()
                        .map(candidate -> new Result(loss.applyAsDouble(batch, candidate), batch.windows()))
                        .toList();
            }

            @Override
            public void close() {}
        };
    }

    @Test
    void findsSomethingMuchBetterThanUniform() {
        SearchResult result =
                search(settings(200), budget, climber(), model, DEAF).run();
        double uniform = finalist(result, Origin.UNIFORM).reward();
        assertThat(1 - result.winner().reward()).isLessThan((1 - uniform) / 2);
        assertThat(budget.sparsity(result.winner().policy()))
                .isGreaterThanOrEqualTo(SPARSITY)
                .isLessThan(SPARSITY + 0.01);
        assertThat(result.episodes()).isEqualTo(200);
        assertThat(result.winner().reward())
                .isCloseTo(Math.exp(result.denseLoss() - result.winner().loss()), within(1e-12));
    }

    @Test
    void theDefaultAgentFindsSomethingMuchBetterThanUniform() {
        PolicyAgent.Provider ppo = ServiceLoader.load(PolicyAgent.Provider.class).stream()
                .map(ServiceLoader.Provider::get)
                .filter(provider -> provider.id().equals("ppo"))
                .findFirst()
                .orElseThrow();
        PolicyAgent agent = ppo.create(budget.emptySearchSpace(SPARSITY, false), 1, Options.defaults(ppo));
        SearchResult result = search(settings(300), budget, agent, model, DEAF).run();
        double uniform = finalist(result, Origin.UNIFORM).reward();
        assertThat(1 - result.winner().reward()).isLessThan((1 - uniform) / 2);
    }

    private static Finalist finalist(SearchResult result, Origin origin) {
        return result.finalists().stream()
                .filter(finalist -> finalist.origin() == origin)
                .findFirst()
                .orElseThrow();
    }

    @Test
    void goesOnExactlyAfterEveryBatch() {
        List<String> states = new ArrayList<>();
        List<TrialRecord> trials = new ArrayList<>();
        SearchResult expected = search(settings(43), budget, climber(), model, (batch, state) -> {
                    trials.addAll(batch);
                    states.add(json(state));
                })
                .run();
        assertThat(states).hasSize(9);
        assertThat(trials).hasSize(43);
        for (int done = 0; done < states.size(); done++) {
            List<TrialRecord> rest = new ArrayList<>();
            List<String> laterStates = new ArrayList<>();
            PolicySearch resumed =
                    search(settings(43), budget, new Climber(budget.modules(), 77), model, (batch, state) -> {
                        rest.addAll(batch);
                        laterStates.add(json(state));
                    });
            assertThat(resumed.resume(state(states.get(done)))).isEqualTo(expected);
            assertThat(rest).isEqualTo(trials.subList(Math.min(43, 5 * (done + 1)), 43));
            assertThat(laterStates).isEqualTo(states.subList(done + 1, states.size()));
        }
    }

    @Test
    void everyBatchTakesOtherWindowsUntilItTakesAll() {
        search(settings(60), budget, climber(), model, DEAF).run();
        Set<Long> seeds = new HashSet<>();
        for (TrialBatch batch : model.calls()) {
            assertThat(batch.candidates()).doesNotHaveDuplicates();
            if (batch.windows() < WINDOWS) {
                assertThat(batch.candidates().getFirst()).isEqualTo(budget.dense());
                assertThat(seeds.add(batch.windowSeed())).isTrue();
            } else {
                assertThat(batch.windowSeed()).isZero();
            }
        }
        assertThat(seeds).hasSize(6);
        assertThat(model.calls().getFirst().windows()).isEqualTo(1);
    }

    @Test
    void neverEvaluatesAPolicyTwiceAtFullFidelity() {
        List<TrialRecord> trials = new ArrayList<>();
        SearchResult result = search(settings(300), budget, climber(), model, (batch, state) -> trials.addAll(batch))
                .run();
        assertThat(model.calls().stream()
                        .filter(batch -> batch.windows() == WINDOWS)
                        .flatMap(batch -> batch.candidates().stream()))
                .doesNotHaveDuplicates();
        int executed = model.calls().stream()
                .mapToInt(batch -> batch.candidates().size())
                .sum();
        assertThat(result.evaluations()).isEqualTo(executed);
        long cached = trials.stream().filter(TrialRecord::cached).count();
        // Among the finalists, all candidates of the search are known; the agent's best may be.
        assertThat(result.savedEvaluations()).isBetween((int) cached, (int) cached + 5);
    }

    @Test
    void equalCandidatesOfABatchAreEvaluatedOnce() {
        PolicyAgent agent = new FixedAgent(new double[budget.modules()]);
        List<TrialRecord> trials = new ArrayList<>();
        SearchResult result = search(settings(8), budget, agent, model, (batch, state) -> trials.addAll(batch))
                .run();
        // Two batches, each the dense model and one policy; the finalists are all known.
        assertThat(result.evaluations()).isEqualTo(4);
        assertThat(trials.stream().map(TrialRecord::cached))
                .containsExactly(false, true, true, true, false, true, true, true);
    }

    @Test
    void brokenCandidatesLoseAndEndNothing() {
        for (double broken : new double[] {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY}) {
            List<TrialRecord> trials = new ArrayList<>();
            SearchResult result = search(
                            settings(100),
                            budget,
                            climber(),
                            executor((batch, candidate) ->
                                    candidate.attentionUnits(0) < 4 ? broken : model.nll(batch, candidate)),
                            (batch, state) -> {
                                assertThat(json(state(json(state)))).isEqualTo(json(state));
                                trials.addAll(batch);
                            })
                    .run();
            assertThat(trials).anyMatch(trial -> trial.reward() == Reward.BROKEN);
            for (TrialRecord trial : trials) {
                assertThat(read(StrictJson.line(trial), TrialRecord.class)).isEqualTo(trial);
                assertThat(trial.reward() == Reward.BROKEN)
                        .isEqualTo(trial.retained().getFirst() < 4);
            }
            assertThat(result.winner().policy().attentionUnits(0)).isGreaterThanOrEqualTo(4);
        }
    }

    @Test
    void failsIfNothingIsFinite() {
        assertThatThrownBy(
                        () -> search(settings(10), budget, climber(), executor((batch, candidate) -> Double.NaN), DEAF)
                                .run())
                .isInstanceOfSatisfying(
                        Failure.class, failure -> assertThat(failure.kind()).isEqualTo(FailureKind.NOT_FINITE))
                .hasMessageContaining("dense model");
        assertThatThrownBy(() -> search(
                                settings(10),
                                budget,
                                climber(),
                                executor((batch, candidate) -> candidate.equals(budget.dense()) ? 2 : Double.NaN),
                                DEAF)
                        .run())
                .isInstanceOfSatisfying(
                        Failure.class, failure -> assertThat(failure.kind()).isEqualTo(FailureKind.NOT_FINITE))
                .hasMessageContaining("no policy");
    }

    @Test
    void aUselessAgentIsNoWorseThanUniform() {
        double[] bad = new double[budget.modules()];
        bad[0] = -5;
        bad[3] = -5;
        SearchResult result = search(
                        settings(8),
                        budget,
                        new FixedAgent(bad),
                        executor((batch, candidate) -> candidate.equals(budget.dense())
                                ? 2
                                : candidate.equals(budget.uniform(SPARSITY)) ? 2.5 : 3),
                        DEAF)
                .run();
        assertThat(result.winner().origin()).isEqualTo(Origin.UNIFORM);
        assertThat(result.winner().policy()).isEqualTo(budget.uniform(SPARSITY));
    }

    @Test
    void onlyTheFinalSparsityCanWin() {
        // The more is left, the better: were earlier candidates admitted, one of them would win.
        List<TrialRecord> trials = new ArrayList<>();
        SearchSettings settings = new SearchSettings(
                60,
                3,
                SPARSITY,
                new HeadroomMapping(),
                new Schedule(Schedule.Kind.SPARSITY, 0.5, 0.05, 0.05),
                WINDOWS,
                100,
                WINDOWS,
                true);
        SearchResult result = search(
                        settings,
                        budget,
                        climber(),
                        executor((batch, candidate) -> 2 + budget.sparsity(candidate)),
                        (batch, state) -> trials.addAll(batch))
                .run();
        Set<List<Integer>> atTarget = trials.stream()
                .filter(trial -> trial.targetSparsity() == SPARSITY)
                .map(TrialRecord::retained)
                .collect(Collectors.toSet());
        assertThat(trials).anyMatch(trial -> trial.targetSparsity() < SPARSITY && trial.windows() == WINDOWS);
        for (Finalist finalist : result.finalists()) {
            assertThat(budget.sparsity(finalist.policy())).isGreaterThanOrEqualTo(SPARSITY);
            if (finalist.origin() == Origin.CANDIDATE) {
                assertThat(atTarget).contains(finalist.policy().retained());
            }
        }
    }

    @Test
    void finalistsCanBeComparedOnMoreWindows() {
        SearchSettings settings =
                new SearchSettings(60, 3, SPARSITY, new ShiftMapping(), Schedule.DEFAULT, WINDOWS, 4, 64, true);
        SearchResult result = search(settings, budget, climber(), model, DEAF).run();
        TrialBatch last = model.calls().getLast();
        assertThat(last.windows()).isEqualTo(64);
        assertThat(last.candidates()).hasSize(1 + result.finalists().size());
        assertThat(result.finalists().stream().filter(finalist -> finalist.origin() == Origin.CANDIDATE))
                .hasSize(4);
        assertThat(result.finalists()).isSortedAccordingTo((a, b) -> Double.compare(b.reward(), a.reward()));
    }

    @Test
    void aWarmStartGoesOnFromWhatTheAgentLearnt() {
        List<SearchState> states = new ArrayList<>();
        SearchSettings lower =
                new SearchSettings(100, 3, 0.3, new ShiftMapping(), Schedule.DEFAULT, WINDOWS, 3, WINDOWS, true);
        search(lower, budget, climber(), model, (batch, state) -> states.add(state))
                .run();

        SearchSettings higher = new SearchSettings(
                10,
                3,
                SPARSITY,
                new ShiftMapping(),
                new Schedule(Schedule.Kind.NONE, 0.5, 0.05, 0.05),
                WINDOWS,
                3,
                WINDOWS,
                true);
        Climber warm = climber();
        warm.restore(state(json(states.getLast())).agent());
        double warmReward =
                search(higher, budget, warm, model, DEAF).run().winner().reward();
        double coldReward =
                search(higher, budget, climber(), model, DEAF).run().winner().reward();
        assertThat(1 - warmReward).isLessThan(0.8 * (1 - coldReward));
    }

    @Test
    void oneEpisodeIsEvaluatedInFull() {
        List<TrialRecord> trials = new ArrayList<>();
        search(settings(1), budget, climber(), model, (batch, state) -> trials.addAll(batch))
                .run();
        assertThat(trials).singleElement().satisfies(trial -> {
            assertThat(trial.targetSparsity()).isEqualTo(SPARSITY);
            assertThat(trial.windows()).isEqualTo(WINDOWS);
        });
    }

    @Test
    void stopsWhenTheAgentHasNothingNew() {
        FixedAgent agent = new FixedAgent(new double[budget.modules()]) {
            @Override
            public int episodeLimit() {
                return 1;
            }
        };
        SearchResult result = search(settings(100), budget, agent, model, DEAF).run();
        assertThat(result.episodes()).isEqualTo(1);
        assertThat(result.winner().policy()).isEqualTo(budget.uniform(SPARSITY));
    }

    @Test
    void anotherRewardTellsTheAgentSomethingElse() {
        List<TrialRecord> trials = new ArrayList<>();
        new PolicySearch(
                        new SearchTask(settings(20), budget, List.of()),
                        climber(),
                        executor((batch, candidate) ->
                                candidate.attentionUnits(0) < 4 ? Double.NaN : model.nll(batch, candidate)),
                        (dense, candidate) -> 1 + dense - candidate,
                        (batch, state) -> trials.addAll(batch))
                .run();
        double dense = model.nll(new TrialBatch(0, WINDOWS, List.of(budget.dense())), budget.dense());
        assertThat(trials)
                .filteredOn(trial -> trial.windows() == WINDOWS)
                .isNotEmpty()
                .allSatisfy(trial -> assertThat(trial.reward())
                        .isEqualTo(Double.isNaN(trial.loss()) ? Reward.BROKEN : 1 + dense - trial.loss()));
    }

    @Test
    void unreachableSparsityFailsBeforeAnythingIsEvaluated() {
        SearchSettings settings =
                new SearchSettings(10, 3, 0.95, new ShiftMapping(), Schedule.DEFAULT, WINDOWS, 3, WINDOWS, true);
        assertThatThrownBy(() -> search(settings, budget, climber(), model, DEAF))
                .isInstanceOfSatisfying(
                        Failure.class,
                        failure -> assertThat(failure.kind()).isEqualTo(FailureKind.UNREACHABLE_SPARSITY));
        assertThat(model.calls()).isEmpty();
    }

    @Test
    void goesOnOnlyFromItsOwnState() {
        List<SearchState> states = new ArrayList<>();
        search(settings(10), budget, climber(), model, (batch, state) -> states.add(state))
                .run();
        SearchState state = states.getFirst();

        assertBadRecord(
                () -> search(settings(11), budget, climber(), model, DEAF).resume(state));
        Budget other = new Budget(Architectures.llama(5, 24, 4, 6, 1, 64), 0.1);
        assertBadRecord(() -> search(settings(10), other, new Climber(other.modules(), 1), model, DEAF)
                .resume(state));
        assertBadRecord(() ->
                search(settings(10), budget, new Climber(3, 1), model, DEAF).resume(state));
        SearchState between =
                new SearchState(SearchState.VERSION, state.settings(), 3, state.agent(), state.evaluated(), 1, 0);
        assertBadRecord(
                () -> search(settings(10), budget, climber(), model, DEAF).resume(between));
    }

    @Test
    void readsSavedStatesStrictly() {
        List<String> states = new ArrayList<>();
        search(settings(5), budget, climber(), model, (batch, state) -> states.add(json(state)))
                .run();
        String json = states.getFirst();
        assertThat(json).doesNotContain("\n").contains("\"mapping\":\"shift\"");
        assertThat(json(state(json))).isEqualTo(json);
        for (String bad : List.of(
                "",
                "null",
                "[]",
                "rubbish",
                json.substring(0, json.length() / 2),
                json + "{}",
                json.replace("\"episodes\":5", "\"episodes\":-5"),
                json.replace("\"episodes\":5", "\"episodes\":\"5\""),
                json.replace("\"version\":2", "\"version\":1"),
                json.replace("\"version\":2,", ""),
                json.replace("\"version\":2", "\"version\":2,\"version\":2"),
                json.replace("\"version\":2", "\"version\":2,\"extra\":1"),
                json.replace("\"mapping\":\"shift\"", "\"mapping\":\"slide\""),
                json.replace("\"ramp\":0.5", "\"ramp\":null"),
                json.replace("\"retained\":[6,", "\"retained\":[-1,"),
                json.replace("\"agent\":\"", "\"agent\":\"***"))) {
            assertThat(bad).isNotEqualTo(json);
            assertThatThrownBy(() -> state(bad)).hasCauseInstanceOf(JsonProcessingException.class);
        }
    }

    private static void assertBadRecord(org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        Failure.class, failure -> assertThat(failure.kind()).isEqualTo(FailureKind.BAD_RECORD));
    }

    /** Always proposes the same. */
    private static class FixedAgent implements PolicyAgent {

        private final double[] scores;

        FixedAgent(double[] scores) {
            this.scores = scores;
        }

        @Override
        public int batchSize() {
            return 4;
        }

        @Override
        public List<double[]> propose(int count, double sparsity) {
            List<double[]> proposals = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                proposals.add(scores.clone());
            }
            return proposals;
        }

        @Override
        public void observe(List<Outcome> outcomes) {}

        @Override
        public double[] best(double sparsity) {
            return scores.clone();
        }

        @Override
        public byte[] save() {
            return new byte[0];
        }

        @Override
        public void restore(byte[] state) {}
    }

    private static String json(SearchState state) {
        return StrictJson.line(state);
    }

    private static SearchState state(String json) {
        return read(json, SearchState.class);
    }

    private static <T> T read(String json, Class<T> type) {
        try {
            return StrictJson.read(json, type);
        } catch (JsonProcessingException e) {
            throw new AssertionError("what was written cannot be read", e);
        }
    }
}
