package io.fastforward.run;

import io.fastforward.checkpoint.FileHash;
import io.fastforward.evaluate.ChoiceAccuracy.Questions;
import io.fastforward.evaluate.ChoiceTask;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.OneLine;
import io.fastforward.failure.Setting;
import io.fastforward.model.Model;
import io.fastforward.nested.NestedOrder;
import io.fastforward.prune.ScoringPass;
import io.fastforward.record.PolicyFile;
import io.fastforward.report.Progress;
import io.fastforward.run.stage.MemoryPlan;
import io.fastforward.run.stage.RepairStage;
import io.fastforward.run.stage.RunWindows;
import io.fastforward.search.Budget;
import io.fastforward.search.ExpectedTrials;
import io.fastforward.settings.BudgetSettings;
import io.fastforward.settings.PruneSettings;
import io.fastforward.settings.WindowSettings;
import io.fastforward.spi.backend.Precision;
import io.fastforward.spi.format.Demands;
import io.fastforward.spi.model.AttentionUnit;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.search.Workload;
import io.fastforward.spi.search.Workload.Measure;
import io.fastforward.spi.search.Workload.Objective;
import io.fastforward.spi.search.Workload.Question;
import io.fastforward.spi.search.Workload.RepairedMap;
import io.fastforward.tokenizer.TokenWindows;
import io.fastforward.tokenizer.Tokenizer;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What a run is going to do, as it is known before anything is written.
 *
 * @param spec the model's architecture, with the units that are pruned
 * @param budget what the sparsity means for it
 * @param given the policy to use instead of searching one
 * @param trials what the search will take, if there is one
 * @param memory what will be needed
 * @param windows what each stage sees of the texts
 * @param questions what the variants are asked
 * @param rewardQuestions what the candidates of a search are asked; none if they are rewarded for something else
 * @param backend id of the backend that evaluates candidates here
 * @param warnings what the user should know before trusting the figures, one line each
 */
record RunPlan(
        ModelSpec spec,
        Budget budget,
        Optional<Policy> given,
        Optional<ExpectedTrials> trials,
        MemoryPlan memory,
        RunWindows windows,
        Optional<Questions> questions,
        List<Question> rewardQuestions,
        String backend,
        List<String> warnings) {

    /**
     * The plan of a run on a model.
     *
     * @param candidates what evaluates candidates
     * @throws Failure if the user asked for what cannot be
     */
    static RunPlan of(
            ModelRequest request, ServingPlugins serving, Texts texts, Model model, CandidateBackend candidates) {
        PruneSettings settings = request.settings();
        PruneRequest.Files files = request.files();
        requireRewardTasks(settings, texts);
        Demands demands = serving.form().format().demands(model.spec());
        BudgetSettings asked = settings.budget().in(demands);
        ModelSpec spec = asked.units(model.spec());
        serving.form().requireAccepted(model, serving.repaired(model.spec()));
        Budget budget = asked.of(model.spec(), demands);
        serving.requireServed(spec);
        Optional<Policy> given = files.policy().map(file -> PolicyFile.read(file, spec));
        Optional<ExpectedTrials> trials = given.isEmpty()
                ? Optional.of(serving.requireAgent(asked, budget, files.warmStart()))
                : Optional.empty();
        int length = WindowSettings.length(settings.windows().length(), model.spec());
        MemoryPlan memory = MemoryPlan.of(
                model.spec(),
                model.bytesPerWeight(),
                settings,
                length,
                serving.criterion().wishes(),
                given.isEmpty() && serving.usesPrior(),
                serving.repair(),
                request.compute().memoryBytes(),
                candidates.backend(),
                !candidates.separate());
        memory.requireWithinLimit();
        // Its process ends here: it has nothing to do in the rest of the run.
        try (Tokenizer tokenizer = Tokenizer.open(files.model(), model.spec().vocabularySize())) {
            RunWindows windows = RunWindows.read(
                    settings.text(),
                    settings.windows(),
                    settings.seed(),
                    texts.calibration(),
                    texts.evaluation(),
                    tokenizer,
                    length);
            Optional<List<ChoiceTask>> tasks = texts.tasks().map(file -> ChoiceTask.read(file, files.mostTasks()));
            Optional<Questions> questions = tasks.map(several -> Questions.tokenize(several, tokenizer));
            List<Question> rewardQuestions = texts.rewardTasks()
                    .map(file -> Questions.tokenize(
                                    unseen(ChoiceTask.read(file, Integer.MAX_VALUE), tasks.orElse(List.of())),
                                    tokenizer)
                            .tokens())
                    .orElse(List.of());
            List<String> warnings =
                    RepairStage.warning(serving.repair(), settings.plugins().calibrator(), model.spec(), windows)
                            .stream()
                            .toList();
            return new RunPlan(
                    spec,
                    budget,
                    given,
                    trials,
                    memory,
                    windows,
                    questions,
                    rewardQuestions,
                    candidates.provider(),
                    warnings);
        }
    }

    /**
     * Checks that questions are not those on which figures are reported.
     *
     * @throws Failure if one is
     */
    private static List<ChoiceTask> unseen(List<ChoiceTask> tasks, List<ChoiceTask> reported) {
        Set<ChoiceTask> others = new HashSet<>(reported);
        tasks.stream().filter(others::contains).findFirst().ifPresent(task -> {
            throw FailureKind.USAGE.failure("the question '" + OneLine.of(task.context()) + "' is in "
                    + Setting.REWARD_TASKS + " and in " + Setting.TASKS
                    + ": figures on what the search has seen would say nothing; split the file");
        });
        return tasks;
    }

    /**
     * Checks that there are questions if the reward asks for them, and none otherwise.
     *
     * @throws Failure if not
     */
    private static void requireRewardTasks(PruneSettings settings, Texts texts) {
        boolean asks = settings.search().reward().asksQuestions();
        if (asks != texts.rewardTasks().isPresent()) {
            throw FailureKind.USAGE.failure(
                    asks
                            ? Setting.REWARD + " " + settings.search().reward() + " takes questions, in a file with "
                                    + Setting.REWARD_TASKS
                            : Setting.REWARD_TASKS + " is for a " + Setting.REWARD
                                    + " of margin or accuracy; this one is "
                                    + settings.search().reward());
        }
    }

    /** The unit of attention that is pruned, or would be. */
    AttentionUnit attentionUnit() {
        return spec.layers().getFirst().attention().unit();
    }

    /** A policy as large as the one that will come out. */
    Policy likely(double sparsity) {
        return given.orElseGet(() -> budget.uniform(sparsity));
    }

    /** What is measured of units: their scores, and what the agent wants to know before it searches. */
    ScoringPass.Wanted wanted(ServingPlugins serving, double sparsity) {
        boolean errors = given.isEmpty() && serving.usesPrior();
        return new ScoringPass.Wanted(
                serving.criterion(),
                likely(sparsity),
                errors,
                errors ? serving.probeWindows(windows.reward()) : Optional.empty());
    }

    /** What is compared with: as sparse as was asked for, or as a given policy, whatever the constraints. */
    Policy uniform(double sparsity) {
        return given.isPresent()
                ? Budget.leastConstrained(spec.modules(), budget.sparsity(given.get()))
                        .uniform(budget.sparsity(given.get()))
                : budget.uniform(sparsity);
    }

    /**
     * What it takes to evaluate candidates elsewhere.
     *
     * @param model hashes of the model's files
     * @param precision of their products
     */
    Workload workload(ModelRequest request, List<FileHash> model, NestedOrder order, Precision precision) {
        return new Workload(
                directory(request),
                FileHash.byName(model),
                attentionUnit(),
                order.modules(),
                windows(windows.reward()),
                rewardQuestions,
                request.settings().search().reward().objective(),
                Map.of(),
                backend,
                precision,
                Versions.current());
    }

    /**
     * What it takes to try single modules elsewhere.
     *
     * @param model hashes of the model's files
     * @param maps with which they are repaired
     */
    Workload probes(
            ModelRequest request,
            ServingPlugins serving,
            List<FileHash> model,
            NestedOrder order,
            Map<Integer, RepairedMap> maps) {
        return new Workload(
                directory(request),
                FileHash.byName(model),
                attentionUnit(),
                order.modules(),
                windows(serving.probeWindows(windows.reward()).orElseThrow()),
                List.of(),
                Objective.of(Measure.DIVERGENCE),
                maps,
                backend,
                Precision.SINGLE,
                Versions.current());
    }

    private static String directory(ModelRequest request) {
        return request.files().model().toAbsolutePath().toString();
    }

    private static Workload.Windows windows(TokenWindows windows) {
        return new Workload.Windows(windows.length(), windows.tokens());
    }

    /** Tells a reader of the log what will be done. */
    void describe(Progress progress) {
        progress.note(String.format(
                Locale.ROOT,
                "Model: %s, %d layers, %,d parameters; windows of %d tokens; figures on %d windows of %s",
                spec.family(),
                spec.layers().size(),
                spec.parameters(),
                windows.scoring().length(),
                windows.evaluation().count(),
                windows.heldOut() ? "the held-out end of the calibration text" : "the evaluation text"));
        windows.texts().forEach((role, text) -> progress.note("Text for " + role + ": " + text.describe()));
        progress.note(memory.describe());
        warn(progress);
    }

    /** Tells what a reader should know before trusting the figures of repaired models. */
    void warn(Progress progress) {
        warnings.forEach(warning -> progress.note("Warning: " + warning));
    }
}
