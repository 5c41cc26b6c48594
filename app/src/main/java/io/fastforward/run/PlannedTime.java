package io.fastforward.run;

import io.fastforward.evaluate.QuestionTokens;
import io.fastforward.run.stage.MachineSpeed;
import io.fastforward.run.stage.RunContext;
import io.fastforward.run.stage.RunWindows;
import io.fastforward.run.stage.SpeedProbe;
import io.fastforward.run.stage.StageTimes;
import io.fastforward.run.stage.TimePlan;
import io.fastforward.search.ExpectedTrials;
import io.fastforward.settings.PluginSettings;
import io.fastforward.settings.RewardMix;
import io.fastforward.settings.SearchPlan;
import io.fastforward.tokenizer.TokenWindows;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import java.util.function.Function;

/** About how long the stages of a run on a model take on a machine, whose speed is measured for it. */
final class PlannedTime {

    private final ModelRequest request;
    private final ServingPlugins serving;
    private final RunPlan plan;
    private final StageTimes times;

    private PlannedTime(ModelRequest request, ServingPlugins serving, RunPlan plan, MachineSpeed speed) {
        this.request = request;
        this.serving = serving;
        this.plan = plan;
        double sparsity =
                plan.budget().sparsity(plan.likely(request.settings().budget().sparsity()));
        this.times = new StageTimes(
                plan.spec(),
                speed,
                1 - sparsity,
                plan.memory().resident(),
                plan.memory().residentSearch());
    }

    /** Of pruning. */
    static TimePlan ofPruning(
            PruneRequest request, ServingPlugins serving, RunPlan plan, CandidateBackend candidates, RunContext run) {
        return measured(
                plan,
                candidates,
                run,
                speed -> new PlannedTime(request, serving, plan, speed).pruning(request.compareUniform()));
    }

    /** Of a plan of several sizes. */
    static TimePlan ofSizes(
            PlanRequest request,
            int sizes,
            ServingPlugins serving,
            RunPlan plan,
            CandidateBackend candidates,
            RunContext run) {
        return measured(
                plan,
                candidates,
                run,
                speed -> new PlannedTime(request, serving, plan, speed).sizes(sizes, candidates.separate()));
    }

    private static TimePlan measured(
            RunPlan plan, CandidateBackend candidates, RunContext run, Function<MachineSpeed, TimePlan> atSpeed) {
        return SpeedProbe.plan(
                run.backend(),
                candidates.ifSeparate(),
                run.algebra(),
                plan.spec(),
                plan.windows().scoring().length(),
                atSpeed);
    }

    private TimePlan pruning(boolean compareUniform) {
        RunWindows windows = plan.windows();
        SequencedMap<String, Double> seconds = new LinkedHashMap<>();
        addScoring(seconds);
        boolean here = request.settings().plugins().executor().equals(PluginSettings.DEFAULT.executor());
        plan.trials()
                .ifPresent(
                        trials -> seconds.put(here ? "the search" : "the search as if it were here", search(trials)));
        int repaired = compareUniform ? 2 : 1;
        seconds.put("repair", repaired * repair());
        double tokens = tokens(windows.evaluation());
        double pruned = times.pruned(tokens);
        double dense = times.dense(tokens);
        if (plan.questions().isPresent()) {
            QuestionTokens asked = QuestionTokens.of(plan.questions().get().tokens());
            dense += times.questions(asked, 1);
            pruned += times.questions(asked, times.kept());
        }
        seconds.put("figures", dense + 2 * repaired * pruned + (times.resident() ? times.sampling() : 0));
        return new TimePlan(seconds);
    }

    /** @param separate whether the best policies are found on another backend than figures come from */
    private TimePlan sizes(int sizes, boolean separate) {
        RunWindows windows = plan.windows();
        SequencedMap<String, Double> seconds = new LinkedHashMap<>();
        addScoring(seconds);
        int compared = sizes * serving.priorPolicies();
        int reward = request.settings().windows().reward();
        double evaluating = times.candidates(
                new ExpectedTrials(compared, (double) compared * reward, reward),
                windows.reward().length(),
                1);
        if (separate) {
            double tokens = (double) reward * windows.reward().length();
            evaluating += times.dense(tokens) + sizes * times.pruned(tokens);
        }
        seconds.put("evaluating", evaluating);
        if (repairsCandidates()) {
            seconds.put("repair", sizes * repair());
        }
        return new TimePlan(seconds);
    }

    private void addScoring(SequencedMap<String, Double> seconds) {
        boolean prior = plan.given().isEmpty() && serving.usesPrior();
        boolean probes = prior && request.settings().search().prior() == SearchPlan.Prior.PROBES;
        seconds.put("scoring", times.scoring(tokens(plan.windows().scoring()), serving.criterion(), prior, probes));
        if (probes) {
            seconds.put(
                    "single modules",
                    serving.probeWindows(plan.windows().reward())
                            .map(windows -> times.probes(tokens(windows)))
                            .orElse(0.0));
        }
    }

    private double search(ExpectedTrials trials) {
        RewardMix reward = request.settings().search().reward();
        double seconds = 0;
        if (reward.readsText()) {
            seconds += times.candidates(trials, plan.windows().reward().length(), reward.comparesWithDense() ? 2 : 1);
        }
        if (reward.asksQuestions()) {
            seconds += times.candidates(trials, QuestionTokens.of(plan.rewardQuestions()));
        }
        return seconds + (repairsCandidates() ? trials.candidates() * repair() : 0);
    }

    private double repair() {
        return times.repair(tokens(plan.windows().repair()), serving.repair());
    }

    private boolean repairsCandidates() {
        return request.settings().search().rewardAfter() == SearchPlan.RewardAfter.REPAIR;
    }

    private static double tokens(TokenWindows windows) {
        return windows.tokens().length;
    }
}
