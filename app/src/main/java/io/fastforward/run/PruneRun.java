package io.fastforward.run;

import io.fastforward.checkpoint.FileHash;
import io.fastforward.evaluate.ChoiceAccuracy;
import io.fastforward.evaluate.ChoiceTask;
import io.fastforward.evaluate.Perplexity;
import io.fastforward.export.CheckpointExport;
import io.fastforward.export.ReloadCheck;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Reason;
import io.fastforward.forward.Decoder;
import io.fastforward.forward.LayerSource;
import io.fastforward.model.Model;
import io.fastforward.nested.NestedModel;
import io.fastforward.nested.NestedOrder;
import io.fastforward.plugin.PluginRegistry;
import io.fastforward.prune.CollectedLayers;
import io.fastforward.prune.LogitProbe;
import io.fastforward.prune.ModuleRepair;
import io.fastforward.prune.PrunedLayerSink;
import io.fastforward.prune.PruningPass;
import io.fastforward.report.LoggedProgress;
import io.fastforward.report.Progress;
import io.fastforward.report.Variant;
import io.fastforward.report.VariantTable;
import io.fastforward.search.Budget;
import io.fastforward.search.Constraints;
import io.fastforward.search.PolicyMapping;
import io.fastforward.search.PolicySearch;
import io.fastforward.search.Reward;
import io.fastforward.search.Schedule;
import io.fastforward.search.SearchListener;
import io.fastforward.search.SearchResult;
import io.fastforward.search.SearchSettings;
import io.fastforward.search.SearchState;
import io.fastforward.search.TrialRecord;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.DeviceException;
import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.model.AttentionUnit;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.model.WeightSource;
import io.fastforward.spi.prune.Criterion;
import io.fastforward.spi.search.PolicyAgent;
import io.fastforward.spi.search.TrialExecutor;
import io.fastforward.spi.search.Workload;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import io.fastforward.statistics.FeatureStatistics;
import io.fastforward.tokenizer.TextSource;
import io.fastforward.tokenizer.TokenWindows;
import io.fastforward.tokenizer.Tokenizer;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One pruning run from checkpoint to report, stage by stage: score, order, search, calibrate and write, check, measure.
 * What a stage finished is on disk before the next begins.
 */
public final class PruneRun {

    /**
     * Fewer calibration tokens for each feature than this, and a warning is due. On the demo model, 128 tokens for 512
     * channels gave a perplexity of 2640 after calibration instead of 2.9.
     */
    private static final int TOKENS_PER_FEATURE = 2;

    private static final String POLICY_COPY = "policy.json";

    private final PruneRequest request;
    private final PruneSettings settings;
    private final PluginRegistry plugins;
    private final Progress shown;
    private final ServingPlugins serving;
    private final Criterion criterion;
    private final PruningPass.Repair repair;
    private final TextSource calibrationText;
    private final Optional<TextSource> evaluationText;
    private final Optional<TextSource> tasks;

    /**
     * A run that has not begun.
     *
     * @throws Failure if a plugin is not to be had or does not know an option
     */
    public PruneRun(PruneRequest request, PluginRegistry plugins, Progress shown) {
        this.request = request;
        this.settings = request.settings();
        this.plugins = plugins;
        this.shown = shown;
        this.serving = new ServingPlugins(plugins, settings);
        this.criterion = serving.criterion();
        this.repair = serving.repair();
        this.calibrationText = TextSource.text(request.calibrationText());
        this.evaluationText = request.evaluationText().map(TextSource::text);
        this.tasks = request.tasks().map(file -> TextSource.of("task file", file));
    }

    /** Whether a run directory holds a run that can be resumed. */
    public static boolean canBeResumed(Path runDirectory) {
        return RunDirectory.holdsRun(runDirectory);
    }

    /** Does everything. What the user may have got wrong is checked before anything is written. */
    public PruneResult execute() {
        Destination destination = new Destination(request);
        destination.requireUsable();
        Texts.requireStreamsOfTheirOwn(Map.of(
                "--calibration", Optional.of(calibrationText), "--evaluation", evaluationText, "--tasks", tasks));
        SearchSettings searchSettings = searchSettings();
        boolean holdsEarlierRun = canBeResumed(request.runDirectory());
        return Devices.run(plugins, request.device(), request.threads(), shown, (backend, takesOver) -> {
            try (LinearAlgebra algebra = Devices.linearAlgebra(plugins, request.threads())) {
                return execute(destination, searchSettings, backend, algebra, takesOver && !holdsEarlierRun);
            }
        });
    }

    /** @param takesOver whether another device began this run and failed; what is in the run directory is its own */
    private PruneResult execute(
            Destination destination,
            SearchSettings searchSettings,
            ComputeBackend backend,
            LinearAlgebra algebra,
            boolean takesOver) {
        boolean resume = request.resume() || (takesOver && canBeResumed(request.runDirectory()));
        try (Model model = Model.open(request.model())) {
            ModelSpec spec = model.spec().withAttentionUnit(settings.attention().unit());
            requirePrunableHeads(model.spec());
            serving.requireServed(spec);
            Budget budget = budget(spec);
            Optional<Policy> given = request.policy().map(file -> PolicyFile.read(file, spec));
            PolicyAgent agent = given.isPresent() ? null : agent(spec, budget);
            int length = RunWindows.length(settings.windowLength(), model.spec());
            MemoryPlan memory = MemoryPlan.of(
                    model.spec(),
                    settings,
                    length,
                    criterion.statistics(),
                    repair,
                    request.memoryBytes(),
                    backend.weightBytes());
            memory.requireWithinLimit();
            RunWindows windows;
            Optional<ChoiceAccuracy.Questions> questions;
            // Its process ends here: it has nothing to do in the rest of the run.
            try (Tokenizer tokenizer =
                    Tokenizer.open(request.model(), model.spec().vocabularySize())) {
                windows = RunWindows.read(settings, calibrationText, evaluationText, tokenizer, length);
                questions = tasks.map(file ->
                        ChoiceAccuracy.Questions.tokenize(ChoiceTask.read(file, request.mostTasks()), tokenizer));
            }
            Policy likely = given.orElseGet(() -> budget.uniform(settings.sparsity()));
            destination.requireRoom(
                    CheckpointExport.weightBytes(model, inCheckpoint(spec.pruned(likely)), settings.export()));
            model.requireFinite(settings.export().dataType());
            try (RunDirectory directory =
                    RunDirectory.open(request.runDirectory(), manifest(model, backend.device(), windows), resume)) {
                Optional<PruneResult> finished = directory.result();
                if (finished.isPresent() && holdsOutput(directory)) {
                    shown.note("This run is complete; nothing is left to do.");
                    return finished.get();
                }
                return logged(directory, progress -> {
                    directory
                            .workOn(backend.device())
                            .ifPresent(before -> progress.note("Warning: '" + backend.device()
                                    + "' goes on with what '" + before
                                    + "' began; the result may differ from that of a single device"));
                    model.remarks().forEach(progress::note);
                    progress.note(describe(model.spec(), windows));
                    windows.texts().forEach((role, text) -> progress.note("Text for " + role + ": " + text.describe()));
                    progress.note(memory.describe());
                    List<String> warnings = warnings(model.spec(), windows);
                    warnings.forEach(warning -> progress.note("Warning: " + warning));
                    return new Stages(
                                    backend, algebra, model, spec, budget, memory, windows, questions, directory,
                                    progress, warnings)
                            .run(given, searchSettings, agent);
                });
            }
        }
    }

    /** Whether the output is still there, and as the run has written it. */
    private boolean holdsOutput(RunDirectory directory) {
        return Files.isDirectory(request.output())
                && directory
                        .export()
                        .filter(written -> written.isIn(request.output()))
                        .isPresent();
    }

    /** Runs with a log that also says why it ended. */
    private PruneResult logged(RunDirectory directory, Function<Progress, PruneResult> run) {
        try (LoggedProgress progress = LoggedProgress.open(shown, directory.logFile())) {
            try {
                return run.apply(progress);
            } catch (Failure | DeviceException | OutOfMemoryError e) {
                try {
                    progress.log("Failed: " + e.getMessage());
                } catch (Failure log) {
                    e.addSuppressed(log); // the disk is full, say
                }
                throw e;
            }
        }
    }

    /** The stages of a run, over what they share. */
    private final class Stages {

        private final ComputeBackend backend;
        private final LinearAlgebra algebra;
        private final Model model;
        private final ModelSpec spec;
        private final Budget budget;
        private final MemoryPlan memory;
        private final RunWindows windows;
        private final Optional<ChoiceAccuracy.Questions> questions;
        private final RunDirectory directory;
        private final Progress progress;
        private final List<String> warnings;

        Stages(
                ComputeBackend backend,
                LinearAlgebra algebra,
                Model model,
                ModelSpec spec,
                Budget budget,
                MemoryPlan memory,
                RunWindows windows,
                Optional<ChoiceAccuracy.Questions> questions,
                RunDirectory directory,
                Progress progress,
                List<String> warnings) {
            this.backend = backend;
            this.algebra = algebra;
            this.model = model;
            this.spec = spec;
            this.budget = budget;
            this.memory = memory;
            this.windows = windows;
            this.questions = questions;
            this.directory = directory;
            this.progress = progress;
            this.warnings = warnings;
        }

        /** @param agent null if a policy is given */
        PruneResult run(Optional<Policy> given, SearchSettings searchSettings, @Nullable PolicyAgent agent) {
            NestedOrder order = directory.order(spec).orElseGet(this::score);
            NestedModel nested = new NestedModel(spec, model, order);
            try (LayerSource layers = memory.residentSearch()
                            ? LayerSource.resident(backend, spec, nested)
                            : LayerSource.streamed(backend, spec, nested);
                    Decoder decoder = decoder(layers)) {
                List<Variant> variants = new ArrayList<>();
                variants.add(measure("dense", decoder, spec.densePolicy()));
                SearchOutcome found = agent == null ? null : search(decoder, order, searchSettings, agent);
                Policy policy = found == null ? given.orElseThrow() : found.policy();
                directory.savePolicy(policy, spec, budget.sparsity(policy));
                if (request.compareUniform() && budget.removedParameters(policy) > 0) {
                    Policy uniform = uniform(given, policy);
                    variants.add(measure("uniform", decoder, uniform));
                    variants.add(measureRepaired("uniform + " + settings.calibrator(), order, uniform));
                }
                String name = given.isPresent() ? "given policy" : settings.agent();
                variants.add(measure(name, decoder, policy));
                ExportRecord written = writtenBefore(policy).orElseGet(() -> write(order, policy));
                variants.add(measureWritten(name + " + " + settings.calibrator(), policy));
                PruneResult result = new PruneResult(
                        policy,
                        given.isPresent() ? budget.sparsity(policy) : settings.sparsity(),
                        budget.sparsity(policy),
                        (double) budget.removedParameters(policy) / model.spec().parameters(),
                        found == null ? null : found.summary(),
                        variants,
                        written.repairs(),
                        written.reloadDifference(),
                        windows.texts(),
                        windows.heldOut(),
                        warnings,
                        model.remarks(),
                        request.output().toString(),
                        directory.path().toString());
                directory.saveResult(result);
                return result;
            }
        }

        /** What is compared with: as sparse as was asked for, or as a given policy, whatever the constraints. */
        private Policy uniform(Optional<Policy> given, Policy policy) {
            return given.isPresent()
                    ? Budget.leastConstrained(spec.modules(), budget.sparsity(policy)).uniform(budget.sparsity(policy))
                    : budget.uniform(settings.sparsity());
        }

        private NestedOrder score() {
            progress.begin(
                    "Scoring units with " + settings.criterion(),
                    model.spec().layers().size());
            List<double[]> scores = new ArrayList<>();
            boolean asStored = spec.equals(model.spec());
            WeightSource weights = asStored ? model : new NestedModel(spec, model, NestedOrder.ofSource(spec));
            new FeatureStatistics(backend, spec, weights, criterion.statistics())
                    .collect(
                            model.ends(),
                            windows.calibration(),
                            module -> scores.add(score(module)),
                            layers -> progress.advance(layers, "layers"));
            NestedOrder order = NestedOrder.byDescendingScore(spec, scores);
            directory.saveOrder(order);
            progress.end("sorted the units of " + scores.size() + " modules");
            return order;
        }

        private double[] score(Criterion.Module module) {
            if (module.spec().isIdentity()) {
                return new double[0];
            }
            try {
                return criterion.score(module);
            } catch (IllegalArgumentException e) {
                throw new Failure(FailureKind.NOT_FINITE, settings.criterion() + " cannot score: " + e.getMessage(), e);
            }
        }

        private SearchOutcome search(
                Decoder decoder, NestedOrder order, SearchSettings searchSettings, PolicyAgent agent) {
            Optional<SearchOutcome> earlier = directory.searchOutcome(budget, settings.sparsity());
            if (earlier.isPresent()) {
                progress.note("The search is complete; taking its result from the record.");
                return earlier.get();
            }
            Optional<SearchState> saved = directory.searchState();
            directory
                    .keepTrials(saved.map(SearchState::episodes).orElse(0))
                    .ifPresent(missing -> progress.note("Warning: " + missing));
            int episodes = Math.min(settings.episodes(), agent.episodeLimit());
            saved.ifPresent(state -> progress.note("Resuming after episode " + state.episodes()));
            progress.begin("Searching with " + settings.agent(), episodes);
            Workload workload = workload(order);
            try (TrialExecutor executor =
                    serving.createExecutor(new RewardEvaluator(decoder, workload.windows()), workload)) {
                PolicySearch search = new PolicySearch(
                        searchSettings,
                        budget,
                        agent,
                        executor,
                        Reward.PERPLEXITY_RATIO,
                        new Recorder(directory, progress));
                SearchResult found = saved.isPresent() ? search.resume(saved.get()) : search.run();
                SearchOutcome outcome = new SearchOutcome(found.winner().policy(), summary(found));
                directory.saveSearchOutcome(outcome);
                progress.end(String.format(
                        Locale.ROOT,
                        "perplexity %s on the reward windows (dense %s), %d evaluations",
                        VariantTable.significant(Math.exp(found.winner().loss())),
                        VariantTable.significant(Math.exp(found.denseLoss())),
                        found.evaluations()));
                return outcome;
            }
        }

        private Workload workload(NestedOrder order) {
            return new Workload(
                    request.model().toAbsolutePath().toString(),
                    directory.model().stream().collect(Collectors.toMap(FileHash::name, FileHash::sha256)),
                    settings.attention().unit(),
                    order.modules(),
                    new Workload.Windows(
                            windows.reward().length(), windows.reward().tokens(), settings.rewardWindows()),
                    Workload.Objective.NEGATIVE_LOG_LIKELIHOOD,
                    DataType.F32,
                    Versions.current());
        }

        /** What an interrupted run wrote, if it came so far and its output is still there. */
        private Optional<ExportRecord> writtenBefore(Policy policy) {
            Path copy = request.output().resolve(POLICY_COPY);
            if (!Files.exists(copy)) {
                return Optional.empty();
            }
            try {
                byte[] expected = PolicyFile.bytes(policy, spec, budget.sparsity(policy));
                return Arrays.equals(expected, Files.readAllBytes(copy))
                        ? directory.export().filter(written -> written.isIn(request.output()))
                        : Optional.empty();
            } catch (IOException e) {
                throw new Failure(FailureKind.NOT_FOUND, "'" + copy + "' cannot be read: " + Reason.of(e), e);
            }
        }

        private ExportRecord write(NestedOrder order, Policy policy) {
            TokenWindows probeWindow = TokenWindows.consecutive(
                    windows.evaluation().tokens(),
                    Math.min(ReloadCheck.PROBE_LENGTH, windows.evaluation().length()),
                    1);
            model.checkpoint().companions().remark().ifPresent(progress::note);
            progress.begin("Pruning and writing", model.spec().layers().size());
            ModelSpec pruned = inCheckpoint(spec.pruned(policy));
            try (CheckpointExport export = CheckpointExport.begin(model, pruned, request.output(), settings.export());
                    LogitProbe probe = new LogitProbe(
                            backend, model, pruned, settings.export().dataType(), probeWindow);
                    Arena arena = Arena.ofShared()) {
                List<ModuleRepair> repairs = pass(order, policy)
                        .run(
                                windows.repair(),
                                PrunedLayerSink.all(List.of(export, probe)),
                                layers -> progress.advance(layers, "layers"));
                export.finish();
                export.addFile(POLICY_COPY, PolicyFile.bytes(policy, spec, budget.sparsity(policy)));
                Matrix expected = probe.logits(arena);
                double difference = ReloadCheck.run(backend, export.path(), probeWindow, expected);
                ExportRecord written = new ExportRecord(repairs, difference, ExportRecord.hashes(export.path()));
                directory.saveExport(written); // first, so that an output of ours is known for one
                export.commit();
                repairs.stream()
                        .filter(module -> module.remark() != null)
                        .forEach(module -> progress.note(
                                "Layer " + module.layer() + " " + module.module() + ": " + module.remark()));
                progress.end(String.format(
                        Locale.ROOT,
                        "wrote %s; read back, its logits differ by %.1e from the model in memory",
                        request.output(),
                        difference));
                return written;
            }
        }

        private PruningPass pass(NestedOrder order, Policy policy) {
            return new PruningPass(
                    backend,
                    algebra,
                    model,
                    spec,
                    order,
                    policy,
                    repair,
                    settings.export().dataType());
        }

        private Variant measureRepaired(String name, NestedOrder order, Policy policy) {
            try (CollectedLayers collected = new CollectedLayers()) {
                pass(order, policy).run(windows.repair(), collected, layer -> {});
                ModelSpec pruned = inCheckpoint(spec.pruned(policy));
                try (LayerSource layers = memory.residentSearch()
                                ? LayerSource.resident(backend, pruned, collected)
                                : LayerSource.streamed(backend, pruned, collected);
                        Decoder decoder = decoder(layers)) {
                    return variant(name, decoder, pruned.densePolicy(), policy);
                }
            }
        }

        private Variant measureWritten(String name, Policy policy) {
            try (Model written = Model.open(request.output());
                    LayerSource layers = memory.residentSearch()
                            ? LayerSource.resident(backend, written.spec(), written)
                            : LayerSource.streamed(backend, written.spec(), written);
                    Decoder decoder = new Decoder(backend, layers, written.ends(), hiddenStateBytes())) {
                return variant(name, decoder, written.spec().densePolicy(), policy);
            }
        }

        private Variant measure(String name, Decoder decoder, Policy policy) {
            return variant(name, decoder, policy, policy);
        }

        /** @param active what the decoder is to retain of its own layers; {@code policy} of the source model's */
        private Variant variant(String name, Decoder decoder, Policy active, Policy policy) {
            int sequences = questions.map(ChoiceAccuracy.Questions::sequences).orElse(0);
            progress.begin("Measuring: " + name, sequences);
            Perplexity perplexity = Perplexity.measure(decoder, windows.evaluation(), active);
            if (!perplexity.isFinite()) {
                throw new Failure(
                        FailureKind.NOT_FINITE,
                        "the perplexity of the variant '" + name + "' is not a finite number; the weights or the"
                                + " activations overflow");
            }
            @Nullable
            ChoiceAccuracy accuracy = questions
                    .map(asked -> asked.ask(decoder, active, done -> progress.advance(done, "choices")))
                    .orElse(null);
            progress.end("perplexity " + VariantTable.significant(perplexity.perplexity())
                    + (accuracy == null
                            ? ""
                            : String.format(Locale.ROOT, ", %.1f%% of the tasks", 100 * accuracy.accuracy())));
            return new Variant(name, spec.pruned(policy).parameters(), budget.sparsity(policy), perplexity, accuracy);
        }

        private Decoder decoder(LayerSource layers) {
            return new Decoder(backend, layers, model.ends(), hiddenStateBytes());
        }

        private long hiddenStateBytes() {
            return memory.limitBytes() / 4;
        }
    }

    /** Keeps the record of a search on disk and tells how far it is. */
    private static final class Recorder implements SearchListener {

        private final RunDirectory directory;
        private final Progress progress;
        private double best = Double.NEGATIVE_INFINITY;

        Recorder(RunDirectory directory, Progress progress) {
            this.directory = directory;
            this.progress = progress;
        }

        @Override
        public void onBatch(List<TrialRecord> trials, SearchState state) {
            directory.saveBatch(trials, state);
            TrialRecord last = trials.getLast();
            best = trials.stream().mapToDouble(TrialRecord::reward).max().orElse(best);
            progress.advance(
                    state.episodes(),
                    String.format(
                            Locale.ROOT,
                            "episodes, sparsity %.3f on %d windows, best reward %.4f",
                            last.targetSparsity(),
                            last.windows(),
                            best));
        }
    }

    private SearchSettings searchSettings() {
        return new SearchSettings(
                settings.episodes(),
                settings.seed(),
                settings.sparsity(),
                PolicyMapping.byId(settings.mapping()),
                new Schedule(
                        settings.schedule(),
                        settings.ramp(),
                        Schedule.DEFAULT.initialSparsity(),
                        Schedule.DEFAULT.initialFidelity()),
                settings.rewardWindows(),
                settings.finalists(),
                settings.finalistWindows());
    }

    private PolicyAgent agent(ModelSpec spec, Budget budget) {
        requireReachable(budget);
        PolicyAgent agent = serving.createAgent(spec);
        request.warmStart().ifPresent(from -> warmStart(agent, from));
        return agent;
    }

    /** Says before any work that no policy reaches the sparsity, and where constraints come from that nobody wrote. */
    private void requireReachable(Budget budget) {
        try {
            budget.allowance(settings.sparsity());
        } catch (Failure e) {
            if (settings.targetRuntime() == TargetRuntime.HF) {
                throw e;
            }
            throw new Failure(
                    e.kind(),
                    e.getMessage() + " (--target-runtime " + settings.targetRuntime() + " stands for some of them)",
                    e);
        }
    }

    private Budget budget(ModelSpec spec) {
        Constraints asked = settings.attention() == AttentionPruning.NONE
                ? settings.constraints().withAttentionFixed()
                : settings.constraints();
        return new Budget(
                spec.modules(), settings.targetRuntime().constrain(spec.family(), settings.attention(), asked));
    }

    private void requirePrunableHeads(ModelSpec spec) {
        boolean grouped =
                spec.layers().stream().anyMatch(layer -> layer.attention().queriesPerGroup() > 1);
        if (settings.attention() == AttentionPruning.QUERY_HEADS && !grouped) {
            throw new Failure(
                    FailureKind.USAGE,
                    "--attention query-heads: in this model every KV group has a single query head, so none can go; use"
                            + " --attention kv-group, which removes heads, or none");
        }
    }

    /** An architecture with units as in checkpoints. */
    private static ModelSpec inCheckpoint(ModelSpec spec) {
        return spec.withAttentionUnit(AttentionUnit.KV_GROUP);
    }

    /** What makes the figures of a run worse than they need be. */
    private List<String> warnings(ModelSpec spec, RunWindows windows) {
        TokenWindows repairing = windows.repair();
        int tokens = Math.min(repairing.tokens().length, windows.distinctTokens());
        int features = spec.widestFeatures();
        if (!repair.measures() || tokens >= TOKENS_PER_FEATURE * features) {
            return List.of();
        }
        return List.of(String.format(
                Locale.ROOT,
                "%s learns from %,d different tokens at most, but the widest module has %,d features; with less than"
                        + " %d tokens a feature it fits noise and may ruin the model. Better: --repair-windows %d%s",
                settings.calibrator(),
                tokens,
                features,
                TOKENS_PER_FEATURE,
                Math.ceilDiv(TOKENS_PER_FEATURE * features, repairing.length()),
                windows.distinctTokens() < TOKENS_PER_FEATURE * features ? " and a longer calibration text" : ""));
    }

    private void warmStart(PolicyAgent agent, Path from) {
        SearchState state = RunDirectory.searchState(from)
                .orElseThrow(() -> new Failure(
                        FailureKind.NOT_FOUND, "there is no search to start from in '" + from + "' (--warm-start)"));
        try {
            agent.restore(state.agent());
        } catch (IllegalArgumentException e) {
            throw new Failure(
                    FailureKind.BAD_RECORD,
                    "the search in '" + from + "' cannot be a start for this one: " + e.getMessage(),
                    e);
        }
    }

    private Manifest manifest(Model model, String device, RunWindows windows) {
        Map<String, FileHash> files = new TreeMap<>();
        windows.texts().forEach((role, text) -> files.put(role, text.file()));
        tasks.ifPresent(file -> files.put("tasks", file.hash()));
        request.policy().ifPresent(file -> files.put("policy", FileHash.of(file)));
        request.warmStart().ifPresent(from -> files.put("warm start", FileHash.of(RunDirectory.searchStateFile(from))));
        return new Manifest(
                Manifest.FORMAT,
                UUID.randomUUID().toString(),
                settings,
                model.checkpoint().hashes(),
                files,
                device,
                List.of(),
                serving.describe(),
                Versions.current(),
                Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
    }

    private static PruneResult.SearchSummary summary(SearchResult found) {
        return new PruneResult.SearchSummary(
                found.episodes(),
                found.evaluations(),
                found.savedEvaluations(),
                found.winner().origin().name().toLowerCase(Locale.ROOT),
                Math.exp(found.winner().loss()),
                Math.exp(found.denseLoss()));
    }

    private static String describe(ModelSpec spec, RunWindows windows) {
        return String.format(
                Locale.ROOT,
                "Model: %s, %d layers, %,d parameters; windows of %d tokens; figures on %d windows of %s",
                spec.family(),
                spec.layers().size(),
                spec.parameters(),
                windows.calibration().length(),
                windows.evaluation().count(),
                windows.heldOut() ? "the held-out end of the calibration text" : "the evaluation text");
    }
}
