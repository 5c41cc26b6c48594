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
import java.util.List;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.ToDoubleBiFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class PolicySearchTest {

    private static final double SPARSITY = 0.4;
    private static final int WINDOWS = 16;
    private static final SearchListener DEAF = (trials, state) -> {};

    private static final List<ModuleSpec> MODULES = Architectures.llama(4, 24, 4, 6, 1, 64);

    private final Budget budget = new Budget(MODULES, 0.1);
    private final SyntheticModel model = new SyntheticModel(budget);

    private static SearchSettings settings(int episodes) {
        return new SearchSettings(
                episodes, 3, SPARSITY, new ShiftMapping(), Schedule.DEFAULT, WINDOWS, 3, WINDOWS, 8, false, true);
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
    private static TrialExecutor executor(ToDoubleBiFunction<Integer, Policy> loss) {
        return new TrialExecutor() {
            @Override
            public List<Result> execute(TrialBatch batch) {
                return batch.candidates().stream()
                        .map(candidate -> new Result(
                                batch.windows().stream()
                                        .map(window -> loss.applyAsDouble(window, candidate))
                                        .toList(),
                                batch.windows().size()))
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

    /** After every batch of episodes, and after every round of the finals. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void goesOnExactlyAfterEveryBatch(boolean race) {
        SearchSettings settings = new SearchSettings(
                43, 3, SPARSITY, new ShiftMapping(), Schedule.DEFAULT, WINDOWS, 3, 64, 8, race, true);
        SearchTask task = new SearchTask(settings, budget, List.of(budget.uniform(0.45)));
        // So that some are not told apart by a few windows.
        TrialExecutor noisy = executor((window, candidate) -> model.nll(window, candidate)
                + 0.02
                        * new SplittableRandom(31L * candidate.retained().hashCode() + window)
                                .split()
                                .nextGaussian());
        List<String> states = new ArrayList<>();
        List<TrialRecord> trials = new ArrayList<>();
        SearchResult expected = new PolicySearch(task, climber(), noisy, Reward.PERPLEXITY_RATIO, (batch, state) -> {
                    trials.addAll(batch);
                    states.add(json(state));
                })
                .run();
        assertThat(states).hasSizeGreaterThan(race ? 11 : 9);
        assertThat(trials.stream().map(TrialRecord::trial))
                .containsExactlyElementsOf(
                        IntStream.range(0, trials.size()).boxed().toList());
        for (int done = 0; done < states.size(); done++) {
            List<TrialRecord> rest = new ArrayList<>();
            List<String> laterStates = new ArrayList<>();
            PolicySearch resumed = new PolicySearch(
                    task, new Climber(budget.modules(), 77), noisy, Reward.PERPLEXITY_RATIO, (batch, state) -> {
                        rest.addAll(batch);
                        laterStates.add(json(state));
                    });
            SearchState state = state(states.get(done));
            assertThat(resumed.resume(state)).isEqualTo(expected);
            assertThat(rest).isEqualTo(trials.subList(state.trials(), trials.size()));
            assertThat(laterStates).isEqualTo(states.subList(done + 1, states.size()));
        }
    }

    /** Whoever proposes, with a prior and without: every saved state leads to the same end. */
    @ParameterizedTest
    @MethodSource("agents")
    void everyAgentGoesOnExactly(PolicyAgent.Provider agents) {
        List<List<Double>> scores = MODULES.stream()
                .map(module -> IntStream.range(0, module.units())
                        .mapToObj(unit -> 1.0 / (1 + unit))
                        .toList())
                .toList();
        List<List<Double>> errors = MODULES.stream()
                .map(module -> IntStream.rangeClosed(0, module.units())
                        .mapToObj(unit -> (double) (module.units() - unit) / module.units())
                        .toList())
                .toList();
        List<Policy> prior = new Prior(budget, errors, List.of()).policies(SPARSITY);
        SearchTask task = new SearchTask(
                new SearchSettings(
                        25, 3, SPARSITY, new ShiftMapping(), Schedule.DEFAULT, WINDOWS, 3, 64, 8, true, true),
                budget,
                prior);
        List<String> states = new ArrayList<>();
        SearchResult expected = search(task, agents, scores, errors, states).run();
        assertThat(states).isNotEmpty();
        for (String state : states) {
            List<String> later = new ArrayList<>();
            assertThat(search(task, agents, scores, errors, later).resume(state(state)))
                    .isEqualTo(expected);
            assertThat(later).isEqualTo(states.subList(states.indexOf(state) + 1, states.size()));
        }
    }

    static Stream<PolicyAgent.Provider> agents() {
        return ServiceLoader.load(PolicyAgent.Provider.class).stream().map(ServiceLoader.Provider::get);
    }

    private PolicySearch search(
            SearchTask task,
            PolicyAgent.Provider agents,
            List<List<Double>> scores,
            List<List<Double>> errors,
            List<String> states) {
        PolicyAgent agent =
                agents.create(budget.searchSpace(SPARSITY, scores, errors, task.prior()), 7, Options.defaults(agents));
        return new PolicySearch(task, agent, model, Reward.PERPLEXITY_RATIO, (batch, state) -> states.add(json(state)));
    }

    @Test
    void whatIsProposedOnceAndForAllIsEvaluatedInTheFinalsAlone() {
        SearchSettings settings = new SearchSettings(
                100, 3, SPARSITY, new ShiftMapping(), Schedule.DEFAULT, WINDOWS, 8, 64, 8, true, true);
        double[] bad = new double[budget.modules()];
        bad[0] = -5;
        FixedAgent agent = new FixedAgent(bad) {
            @Override
            public int episodeLimit() {
                return 1;
            }
        };
        List<String> states = new ArrayList<>();
        List<TrialRecord> trials = new ArrayList<>();
        SearchResult result = search(settings, budget, agent, model, (batch, state) -> {
                    trials.addAll(batch);
                    states.add(json(state));
                })
                .run();
        assertThat(result.episodes()).isEqualTo(1);
        assertThat(trials).allMatch(trial -> trial.stage() == TrialRecord.Stage.FINALS);
        // One of the two is far better: known after the first round, of the dense model and both.
        assertThat(model.calls()).singleElement().satisfies(call -> {
            assertThat(call.windows()).hasSize(Race.FIRST);
            assertThat(call.candidates()).hasSize(3);
        });
        assertThat(result.cost()).isEqualTo(3 * 255 * Race.FIRST);
        assertThat(result.finalists().stream().map(Finalist::windows)).containsExactly(Race.FIRST, Race.FIRST);
        assertThat(search(settings, budget, agent, model, DEAF).resume(state(states.getFirst())))
                .isEqualTo(result);
    }

    @Test
    void everyBatchTakesOtherWindowsUntilItTakesAll() {
        search(settings(60), budget, climber(), model, DEAF).run();
        List<List<Integer>> partial = new ArrayList<>();
        for (TrialBatch batch : model.calls()) {
            assertThat(batch.candidates()).doesNotHaveDuplicates();
            assertThat(batch.windows()).doesNotHaveDuplicates().isSorted();
            if (batch.windows().size() < WINDOWS) {
                assertThat(batch.candidates().getFirst()).isEqualTo(budget.dense());
                partial.add(batch.windows());
            } else {
                assertThat(batch.windows())
                        .isEqualTo(IntStream.range(0, WINDOWS).boxed().toList());
            }
        }
        assertThat(partial).hasSize(6);
        assertThat(partial.stream().distinct().count()).isGreaterThan(4); // two may choose the same window
        assertThat(model.calls().getFirst().windows()).hasSize(1);
    }

    @Test
    void neverEvaluatesAPolicyTwiceAtFullFidelity() {
        List<TrialRecord> trials = new ArrayList<>();
        SearchResult result = search(settings(300), budget, climber(), model, (batch, state) -> trials.addAll(batch))
                .run();
        assertThat(model.calls().stream()
                        .filter(batch -> batch.windows().size() == WINDOWS)
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
                            executor((window, candidate) ->
                                    candidate.attentionUnits(0) < 4 ? broken : model.nll(window, candidate)),
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
                        () -> search(settings(10), budget, climber(), executor((window, candidate) -> Double.NaN), DEAF)
                                .run())
                .isInstanceOfSatisfying(
                        Failure.class, failure -> assertThat(failure.kind()).isEqualTo(FailureKind.NOT_FINITE))
                .hasMessageContaining("dense model");
        assertThatThrownBy(() -> search(
                                settings(10),
                                budget,
                                climber(),
                                executor((window, candidate) -> candidate.equals(budget.dense()) ? 2 : Double.NaN),
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
                        executor((window, candidate) -> candidate.equals(budget.dense())
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
                8,
                false,
                true);
        SearchResult result = search(
                        settings,
                        budget,
                        climber(),
                        executor((window, candidate) -> 2 + budget.sparsity(candidate)),
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
        SearchSettings settings = new SearchSettings(
                60, 3, SPARSITY, new ShiftMapping(), Schedule.DEFAULT, WINDOWS, 4, 64, 8, false, true);
        SearchResult result = search(settings, budget, climber(), model, DEAF).run();
        // What is known of the first windows is not evaluated again.
        List<TrialBatch> finals = model.calls().stream()
                .filter(batch -> batch.windows().getLast() == 63)
                .toList();
        assertThat(finals.stream().map(batch -> batch.windows().getFirst())).containsExactly(0, WINDOWS);
        assertThat(finals.getLast().candidates()).hasSize(1 + 4);
        assertThat(finals.getFirst().candidates()).hasSize(result.finalists().size() - 4);
        assertThat(result.finalists()).allMatch(finalist -> finalist.windows() == 64);
        assertThat(result.finalists().stream().filter(finalist -> finalist.origin() == Origin.CANDIDATE))
                .hasSize(4);
        assertThat(result.finalists()).isSortedAccordingTo((a, b) -> Double.compare(b.reward(), a.reward()));
    }

    @Test
    void aWarmStartGoesOnFromWhatTheAgentLearnt() {
        List<SearchState> states = new ArrayList<>();
        SearchSettings lower = new SearchSettings(
                100, 3, 0.3, new ShiftMapping(), Schedule.DEFAULT, WINDOWS, 3, WINDOWS, 8, false, true);
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
                8,
                false,
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
        assertThat(trials.getFirst()).satisfies(trial -> {
            assertThat(trial.stage()).isEqualTo(TrialRecord.Stage.EPISODE);
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
                        executor((window, candidate) ->
                                candidate.attentionUnits(0) < 4 ? Double.NaN : model.nll(window, candidate)),
                        (dense, candidate) -> 1 + dense - candidate,
                        (batch, state) -> trials.addAll(batch))
                .run();
        double dense = IntStream.range(0, WINDOWS)
                .mapToDouble(window -> model.nll(window, budget.dense()))
                .average()
                .orElseThrow();
        assertThat(trials)
                .filteredOn(trial -> trial.windows() == WINDOWS)
                .isNotEmpty()
                .allSatisfy(trial -> assertThat(trial.reward())
                        .isCloseTo(
                                Double.isNaN(trial.loss()) ? Reward.BROKEN : 1 + dense - trial.loss(), within(1e-12)));
    }

    @Test
    void unreachableSparsityFailsBeforeAnythingIsEvaluated() {
        SearchSettings settings = new SearchSettings(
                10, 3, 0.95, new ShiftMapping(), Schedule.DEFAULT, WINDOWS, 3, WINDOWS, 8, false, true);
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
        SearchState between = new SearchState(
                SearchState.VERSION, state.settings(), 3, state.agent(), 3, List.of(), state.evaluated(), 1, 0, 0);
        assertBadRecord(
                () -> search(settings(10), budget, climber(), model, DEAF).resume(between));
    }

    @Test
    void choosesOnlyAmongPoliciesThatItMayHaveFound() {
        List<SearchState> states = new ArrayList<>();
        search(settings(10), budget, climber(), model, (batch, state) -> states.add(state))
                .run();
        SearchState last = states.getLast();
        assertThat(last.candidates()).isNotEmpty();
        for (SearchState bad : List.of(with(last, 10, List.of(budget.dense())), with(last, 5, last.candidates()))) {
            assertBadRecord(
                    () -> search(settings(10), budget, climber(), model, DEAF).resume(bad));
        }
    }

    /** Four proposals at once, all the same: one trial, and what is saved after it counts four episodes. */
    @Test
    void equalProposalsThatAreMadeOnceAndForAllAreOneFinalist() {
        SearchSettings settings = new SearchSettings(
                4, 3, SPARSITY, new ShiftMapping(), Schedule.DEFAULT, WINDOWS, 8, 64, 8, true, false);
        List<String> states = new ArrayList<>();
        SearchResult result = search(
                        settings,
                        budget,
                        new FixedAgent(new double[budget.modules()]),
                        model,
                        (batch, state) -> states.add(json(state)))
                .run();
        assertThat(result.finalists()).hasSize(1);
        assertThat(result.episodes()).isEqualTo(4);
        assertThat(states)
                .singleElement()
                .satisfies(state -> assertThat(
                                search(settings, budget, new FixedAgent(new double[budget.modules()]), model, DEAF)
                                        .resume(state(state)))
                        .isEqualTo(result));
    }

    /** What cannot be told apart on some windows is left to who knew more before; what can is not. */
    @Test
    void theOrderOfThePriorDecidesWhereLossesDoNot() {
        Policy first = budget.uniform(SPARSITY);
        double[] other = new double[budget.modules()];
        other[0] = 0.2;
        Policy second = new ShiftMapping().map(other, budget, SPARSITY);
        for (double lead : new double[] {0.001, 0.5}) {
            SearchSettings settings = new SearchSettings(
                    1, 3, SPARSITY, new ShiftMapping(), Schedule.DEFAULT, WINDOWS, 8, 64, 8, true, false);
            SearchResult result = new PolicySearch(
                            new SearchTask(settings, budget, List.of(first, second)),
                            new FixedAgent(other),
                            executor((window, candidate) -> candidate.equals(budget.dense())
                                    ? 2
                                    : 2.5
                                            + (candidate.equals(first) ? lead : 0)
                                            + 0.05
                                                    * new SplittableRandom(31L * candidate.hashCode() + window)
                                                            .split()
                                                            .nextDouble()),
                            Reward.PERPLEXITY_RATIO,
                            DEAF)
                    .run();
            assertThat(result.winner().policy()).isEqualTo(lead < 0.1 ? first : second);
        }
    }

    private static SearchState with(SearchState state, int episodes, List<Policy> candidates) {
        return new SearchState(
                state.version(),
                state.settings(),
                episodes,
                state.agent(),
                state.trials(),
                candidates,
                state.evaluated(),
                state.evaluations(),
                state.savedEvaluations(),
                state.cost());
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
                json.replace("\"version\":3", "\"version\":2"),
                json.replace("\"version\":3,", ""),
                json.replace("\"version\":3", "\"version\":3,\"version\":3"),
                json.replace("\"version\":3", "\"version\":3,\"extra\":1"),
                json.replace("\"mapping\":\"shift\"", "\"mapping\":\"slide\""),
                json.replace("\"trials\":5", "\"trials\":4"),
                json.replaceFirst("\"losses\":\\[[^]]*]", "\"losses\":[]"),
                json.replaceFirst("\"losses\":\\[", "\"losses\":[" + "1,".repeat(16)),
                json.replaceFirst("\"cost\":", "\"cost\":-"),
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
