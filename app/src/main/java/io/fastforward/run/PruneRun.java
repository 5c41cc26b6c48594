package io.fastforward.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.fastforward.evaluate.ChoiceAccuracy;
import io.fastforward.evaluate.ChoiceTask;
import io.fastforward.evaluate.Perplexity;
import io.fastforward.export.CheckpointExport;
import io.fastforward.export.ReloadCheck;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.forward.Decoder;
import io.fastforward.forward.LayerSource;
import io.fastforward.model.Model;
import io.fastforward.model.ModelSpec;
import io.fastforward.plugin.PluginKind;
import io.fastforward.plugin.PluginRegistry;
import io.fastforward.prune.CollectedLayers;
import io.fastforward.prune.LogitProbe;
import io.fastforward.prune.ModuleRepair;
import io.fastforward.prune.NestedOrder;
import io.fastforward.prune.NestedWeights;
import io.fastforward.prune.PrunedLayerSink;
import io.fastforward.prune.PruningPass;
import io.fastforward.report.LoggedProgress;
import io.fastforward.report.Progress;
import io.fastforward.report.Variant;
import io.fastforward.report.VariantTable;
import io.fastforward.search.Budget;
import io.fastforward.search.PolicyMapping;
import io.fastforward.search.PolicySearch;
import io.fastforward.search.Schedule;
import io.fastforward.search.SearchListener;
import io.fastforward.search.SearchResult;
import io.fastforward.search.SearchSettings;
import io.fastforward.search.SearchState;
import io.fastforward.search.TrialRecord;
import io.fastforward.spi.Calibrator;
import io.fastforward.spi.ComputeBackend;
import io.fastforward.spi.Options;
import io.fastforward.spi.Plugin;
import io.fastforward.spi.Policy;
import io.fastforward.spi.PolicyAgent;
import io.fastforward.spi.PruningCriterion;
import io.fastforward.spi.SearchSpace;
import io.fastforward.spi.TrialExecutor;
import io.fastforward.spi.tensor.Matrix;
import io.fastforward.statistics.FeatureStatistics;
import io.fastforward.tokenizer.TokenWindows;
import io.fastforward.tokenizer.Tokenizer;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One pruning run from checkpoint to report, stage by stage: score, order, search, calibrate and write, check, measure.
 * What a stage finished is on disk before the next begins.
 */
public final class PruneRun {

    private static final JsonMapper JSON =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    /** Tokens whose logits are compared after reloading: enough for every position-dependent part to matter. */
    private static final int PROBE_LENGTH = 64;

    private final PruneRequest request;
    private final PruneSettings settings;
    private final PluginRegistry plugins;
    private final Progress shown;
    private final PruningCriterion criterion;
    private final PolicyAgent.Provider agentProvider;
    private final TrialExecutor.Provider executorProvider;
    private final PruningPass.Repair repair;

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
        this.criterion = plugin(PluginKind.CRITERION, settings.criterion());
        this.agentProvider = plugin(PluginKind.AGENT, settings.agent());
        this.executorProvider = plugin(PluginKind.EXECUTOR, settings.executor());
        Calibrator calibrator = plugin(PluginKind.CALIBRATOR, settings.calibrator());
        this.repair = new PruningPass.Repair(calibrator, options(PluginKind.CALIBRATOR), settings.target());
    }

    /** Does everything. */
    public PruneResult execute() {
        requireFreeOutput();
        try (ComputeBackend backend = Devices.open(plugins, request.device(), request.threads(), shown);
                Model model = Model.open(request.model());
                Tokenizer tokenizer = Tokenizer.open(request.model())) {
            Budget budget = new Budget(model.spec().modules(), settings.minimumRetention());
            if (request.policy().isEmpty()) {
                budget.allowance(settings.sparsity()); // unreachable? say so before any work
            }
            int length = RunWindows.length(settings.windowLength(), model.spec());
            MemoryPlan memory = MemoryPlan.of(
                    model.spec(), settings, length, criterion.statistics(), repair, request.memoryBytes());
            memory.requireWithinLimit();
            Optional<Policy> given = request.policy().map(file -> PolicyFile.read(file, model.spec()));
            RunWindows windows =
                    RunWindows.read(settings, request.calibrationText(), request.evaluationText(), tokenizer, length);
            Optional<ChoiceAccuracy.Questions> questions = request.tasks()
                    .map(file ->
                            ChoiceAccuracy.Questions.tokenize(ChoiceTask.read(file, request.mostTasks()), tokenizer));
            requireRoomOnDisk(model);
            RunDirectory directory =
                    RunDirectory.open(request.runDirectory(), manifest(model, backend, windows), request.resume());
            try (LoggedProgress progress = LoggedProgress.open(shown, directory.logFile())) {
                progress.note(describe(model.spec(), windows));
                progress.note(memory.describe());
                return new Stages(backend, model, budget, memory, windows, questions, directory, progress).run(given);
            }
        }
    }

    /** The stages of a run, over what they share. */
    private final class Stages {

        private final ComputeBackend backend;
        private final Model model;
        private final Budget budget;
        private final MemoryPlan memory;
        private final RunWindows windows;
        private final Optional<ChoiceAccuracy.Questions> questions;
        private final RunDirectory directory;
        private final Progress progress;

        Stages(
                ComputeBackend backend,
                Model model,
                Budget budget,
                MemoryPlan memory,
                RunWindows windows,
                Optional<ChoiceAccuracy.Questions> questions,
                RunDirectory directory,
                Progress progress) {
            this.backend = backend;
            this.model = model;
            this.budget = budget;
            this.memory = memory;
            this.windows = windows;
            this.questions = questions;
            this.directory = directory;
            this.progress = progress;
        }

        PruneResult run(Optional<Policy> given) {
            model.requireFinite();
            NestedOrder order = directory.order().orElseGet(this::score);
            NestedWeights nested = new NestedWeights(model.spec(), model, order);
            try (LayerSource layers = memory.residentSearch()
                            ? LayerSource.resident(backend, model.spec(), nested)
                            : LayerSource.streamed(backend, model.spec(), nested);
                    Decoder decoder = decoder(layers)) {
                List<Variant> variants = new ArrayList<>();
                variants.add(measure("dense", decoder, model.spec().densePolicy()));
                PruneResult.@Nullable SearchSummary summary = null;
                Policy policy;
                if (given.isPresent()) {
                    policy = given.get();
                } else {
                    SearchResult found = search(decoder);
                    policy = found.winner().policy();
                    summary = summary(found);
                }
                PolicyFile.write(directory.policyFile(), policy, model.spec(), budget.sparsity(policy));
                if (request.compareUniform()) {
                    Policy uniform = budget.uniform(budget.sparsity(policy));
                    variants.add(measure("uniform", decoder, uniform));
                    variants.add(measureRepaired("uniform + " + settings.calibrator(), order, uniform));
                }
                String name = given.isPresent() ? "given policy" : settings.agent();
                variants.add(measure(name, decoder, policy));
                Written written = write(order, policy);
                variants.add(measureWritten(name + " + " + settings.calibrator(), policy));
                PruneResult result = new PruneResult(
                        policy,
                        given.isPresent() ? budget.sparsity(policy) : settings.sparsity(),
                        budget.sparsity(policy),
                        (double) budget.removedParameters(policy) / model.spec().parameters(),
                        summary,
                        variants,
                        written.repairs(),
                        written.reloadDifference(),
                        windows.heldOut(),
                        request.output().toString(),
                        directory.path().toString());
                directory.saveResult(json(result));
                return result;
            }
        }

        private NestedOrder score() {
            progress.begin(
                    "Scoring units with " + criterion.id(),
                    model.spec().layers().size());
            List<double[]> scores = new ArrayList<>();
            new FeatureStatistics(backend, model, criterion.statistics())
                    .collect(
                            windows.calibration(),
                            module -> scores.add(score(module)),
                            layers -> progress.advance(layers, "layers"));
            NestedOrder order = NestedOrder.byDescendingScore(scores);
            directory.saveOrder(order);
            progress.end("sorted the units of " + scores.size() + " modules");
            return order;
        }

        private double[] score(PruningCriterion.Module module) {
            try {
                return criterion.score(module);
            } catch (IllegalArgumentException e) {
                throw new Failure(FailureKind.NOT_FINITE, criterion.id() + " cannot score: " + e.getMessage(), e);
            }
        }

        private SearchResult search(Decoder decoder) {
            SearchSettings searchSettings = new SearchSettings(
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
            PolicyAgent agent = agentProvider.create(
                    new SearchSpace(budget.modules(), settings.sparsity()), settings.seed(), options(PluginKind.AGENT));
            request.warmStart().ifPresent(from -> warmStart(agent, from));
            Optional<SearchState> saved = directory.searchState();
            directory.dropTrialsAfter(saved.map(SearchState::episodes).orElse(0));
            int episodes = Math.min(settings.episodes(), agent.episodeLimit());
            progress.begin("Searching with " + agentProvider.id(), episodes);
            saved.ifPresent(state -> progress.note("Resuming after episode " + state.episodes()));
            try (TrialExecutor executor = executorProvider.create(
                    new RewardEvaluator(decoder, windows.reward(), settings.rewardWindows()),
                    options(PluginKind.EXECUTOR))) {
                PolicySearch search =
                        new PolicySearch(searchSettings, budget, agent, executor, new Recorder(directory, progress));
                SearchResult found = saved.isPresent() ? search.resume(saved.get()) : search.run();
                progress.end(String.format(
                        Locale.ROOT,
                        "perplexity %s on the reward windows (dense %s), %d evaluations",
                        VariantTable.significant(found.winner().perplexity()),
                        VariantTable.significant(found.densePerplexity()),
                        found.evaluations()));
                return found;
            }
        }

        private Written write(NestedOrder order, Policy policy) {
            TokenWindows probeWindow = TokenWindows.consecutive(
                    windows.evaluation().tokens(),
                    Math.min(PROBE_LENGTH, windows.evaluation().length()),
                    1);
            progress.begin("Pruning and writing", model.spec().layers().size());
            try (CheckpointExport export = CheckpointExport.begin(
                            model, policy, request.output(), settings.dataType(), settings.shardBytes());
                    LogitProbe probe = new LogitProbe(backend, model, policy, settings.dataType(), probeWindow);
                    Interruption ignored = Interruption.cleanup(export::close);
                    Arena arena = Arena.ofShared()) {
                List<ModuleRepair> repairs = pass(order, policy)
                        .run(
                                windows.repair(),
                                PrunedLayerSink.all(List.of(export, probe)),
                                layers -> progress.advance(layers, "layers"));
                export.finish();
                export.addFile("policy.json", PolicyFile.bytes(policy, model.spec(), budget.sparsity(policy)));
                Matrix expected = probe.logits(arena);
                double difference = ReloadCheck.run(backend, export.path(), probeWindow, expected);
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
                return new Written(repairs, difference);
            }
        }

        private PruningPass pass(NestedOrder order, Policy policy) {
            return new PruningPass(backend, model, order, policy, repair, settings.dataType());
        }

        private Variant measureRepaired(String name, NestedOrder order, Policy policy) {
            try (CollectedLayers collected = new CollectedLayers()) {
                pass(order, policy).run(windows.repair(), collected, layer -> {});
                ModelSpec pruned = model.spec().pruned(policy);
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
                    Decoder decoder =
                            new Decoder(backend, layers, written.embedding(), written.head(), hiddenStateBytes())) {
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
            return new Variant(
                    name, model.spec().pruned(policy).parameters(), budget.sparsity(policy), perplexity, accuracy);
        }

        private Decoder decoder(LayerSource layers) {
            return new Decoder(backend, layers, model.embedding(), model.head(), hiddenStateBytes());
        }

        private long hiddenStateBytes() {
            return memory.limitBytes() / 4;
        }
    }

    /** What the writing stage knows afterwards. */
    private record Written(List<ModuleRepair> repairs, double reloadDifference) {}

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
                            "sparsity %.3f on %d windows, best reward %.4f",
                            last.targetSparsity(),
                            last.windows(),
                            best));
        }
    }

    private void requireFreeOutput() {
        Path output = request.output();
        if (!Files.exists(output)) {
            return;
        }
        try (var children = Files.list(output)) {
            if (children.findAny().isEmpty()) {
                return;
            }
        } catch (IOException e) {
            throw new Failure(
                    FailureKind.OUTPUT_NOT_EMPTY, "the output " + output + " is not a directory to write into", e);
        }
        throw new Failure(
                FailureKind.OUTPUT_NOT_EMPTY,
                "the output directory " + output + " is not empty; choose another one with --output");
    }

    /** The size is known before the search, so nobody searches for hours to find the disk full. */
    private void requireRoomOnDisk(Model model) {
        double kept = request.policy().isPresent() ? 0 : 1 - settings.sparsity();
        long needed =
                (long) (CheckpointExport.weightBytes(model, model.spec().densePolicy(), settings.dataType()) * kept);
        Path parent = request.output().toAbsolutePath();
        while (parent != null && !Files.exists(parent)) {
            parent = parent.getParent();
        }
        try {
            long free =
                    parent == null ? Long.MAX_VALUE : Files.getFileStore(parent).getUsableSpace();
            if (free < needed) {
                throw new Failure(
                        FailureKind.STORAGE,
                        "the pruned model needs about " + needed / 1_000_000 + " MB, but " + parent + " has "
                                + free / 1_000_000 + " MB free; choose another --output");
            }
        } catch (IOException e) {
            throw new Failure(FailureKind.STORAGE, "cannot look at the disk of " + request.output(), e);
        }
    }

    private void warmStart(PolicyAgent agent, Path from) {
        SearchState state = RunDirectory.searchState(from)
                .orElseThrow(() -> new Failure(
                        FailureKind.NOT_FOUND, "there is no search to start from in " + from + " (--warm-start)"));
        try {
            agent.restore(state.agent());
        } catch (IllegalArgumentException e) {
            throw new Failure(
                    FailureKind.BAD_RECORD,
                    "the search in " + from + " cannot be a start for this one: " + e.getMessage(),
                    e);
        }
    }

    private <T extends Plugin> T plugin(PluginKind<T> kind, String id) {
        T plugin = plugins.find(kind, id);
        PluginRegistry.requireKnownOptions(kind.name(), plugin, options(kind));
        return plugin;
    }

    private Options options(PluginKind<?> kind) {
        String prefix = kind.name() + ".";
        Map<String, String> values = new TreeMap<>();
        settings.options().forEach((name, value) -> {
            if (name.startsWith(prefix)) {
                values.put(name.substring(prefix.length()), value);
            }
        });
        return new Options(values);
    }

    private Manifest manifest(Model model, ComputeBackend backend, RunWindows windows) {
        Map<String, String> served = new TreeMap<>();
        served.put("criterion", settings.criterion());
        served.put("agent", settings.agent());
        served.put("calibrator", settings.calibrator());
        served.put("executor", settings.executor());
        return new Manifest(
                Manifest.FORMAT,
                settings,
                model.checkpoint().hashes(),
                windows.texts(),
                backend.device(),
                served,
                Versions.current(),
                Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
    }

    private static PruneResult.SearchSummary summary(SearchResult found) {
        return new PruneResult.SearchSummary(
                found.episodes(),
                found.evaluations(),
                found.savedEvaluations(),
                found.winner().origin().name().toLowerCase(Locale.ROOT),
                found.winner().perplexity(),
                found.densePerplexity());
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

    private static byte[] json(PruneResult result) {
        try {
            return JSON.writeValueAsBytes(result);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a result must be writable as JSON", e);
        }
    }
}
