package io.fastforward.run;

import io.fastforward.checkpoint.FileHash;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.OneLine;
import io.fastforward.forward.Decoder;
import io.fastforward.forward.LayerSource;
import io.fastforward.forward.RepairedLayers;
import io.fastforward.model.Model;
import io.fastforward.nested.NestedModel;
import io.fastforward.nested.NestedOrder;
import io.fastforward.plugin.PluginRegistry;
import io.fastforward.record.RepairedMapFiles;
import io.fastforward.report.Progress;
import io.fastforward.run.stage.MemoryPlan;
import io.fastforward.run.stage.RewardEvaluator;
import io.fastforward.settings.PrecisionChoice;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.Precision;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.search.TrialBatch;
import io.fastforward.spi.search.TrialExecutor;
import io.fastforward.spi.search.Worker;
import io.fastforward.spi.search.Workload;
import io.fastforward.spi.search.Workload.Measure;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Evaluates the trials of a workload with the model's files, which it opens once. */
final class ModelWorker implements Worker {

    private final WorkloadCheck check;
    private final RewardEvaluator evaluator;

    /** What is open, the last one first. */
    private final Deque<Runnable> closing;

    private ModelWorker(WorkloadCheck check, RewardEvaluator evaluator, Deque<Runnable> closing) {
        this.check = check;
        this.evaluator = evaluator;
        this.closing = closing;
    }

    /**
     * Opens the model.
     *
     * @param directory where the model is here
     * @param compute with a device, or {@link Devices#AUTO} for the backend that the workload names
     * @throws Failure if versions, model or output maps are not those of the workload, or it does not fit them
     */
    static ModelWorker open(
            Workload workload, Path directory, PluginRegistry plugins, Compute compute, Progress progress) {
        requireVersions(workload.versions());
        Deque<Runnable> closing = new ArrayDeque<>();
        try {
            Model model = Model.open(directory);
            closing.push(model::close);
            requireSameFiles(workload.files(), model);
            ModelSpec spec = model.spec().withAttentionUnit(workload.attentionUnit());
            WorkloadCheck check = new WorkloadCheck(workload, spec);
            check.requireFits();
            ComputeBackend backend = backend(workload, plugins, compute, progress, closing);
            NestedModel nested = new NestedModel(spec, model, new NestedOrder(workload.order()));
            boolean resident = MemoryPlan.keepsLayers(
                    spec,
                    workload.windows().count(),
                    workload.windows().length(),
                    workload.objective().weight(Measure.DIVERGENCE) > 0,
                    compute.memoryBytes(),
                    backend);
            LayerSource layers = resident
                    ? LayerSource.resident(backend, spec, nested)
                    : LayerSource.streamed(backend, spec, nested);
            closing.push(layers::close);
            LayerSource repaired = workload.repairedMaps().isEmpty()
                    ? layers
                    : new RepairedLayers(backend, layers, nested, new RepairedMapFiles(workload.repairedMaps()));
            Decoder decoder = new Decoder(backend, repaired, model.ends(), compute.memoryBytes() / 4);
            closing.push(decoder::close);
            return new ModelWorker(check, new RewardEvaluator(decoder, workload), closing);
        } catch (Throwable e) {
            close(closing);
            throw e;
        }
    }

    private static ComputeBackend backend(
            Workload workload, PluginRegistry plugins, Compute compute, Progress progress, Deque<Runnable> closing) {
        String device = compute.device().equals(Devices.AUTO) ? workload.backend() : compute.device();
        OpenDevice opened =
                Devices.open(plugins, new Compute(device, compute.threads(), compute.memoryBytes()), progress);
        closing.push(opened::close);
        PreciseBackend precise = PreciseBackend.open(
                workload.precision() == Precision.BFLOAT16 ? PrecisionChoice.BF16 : PrecisionChoice.F32, opened);
        closing.push(precise::close);
        progress.note("Evaluating on " + precise.backend().device());
        return precise.backend();
    }

    /** Another version may evaluate otherwise. */
    private static void requireVersions(Map<String, String> versions) {
        Map<String, String> own = Versions.current();
        for (String name : List.of("fastforward", "spi")) {
            if (!String.valueOf(own.get(name)).equals(versions.get(name))) {
                throw FailureKind.BAD_RECORD.failure("the workload is of version "
                        + OneLine.of(String.valueOf(versions.get(name))) + " (" + name + "), this worker of "
                        + own.get(name) + "; use the same FastForward for both");
            }
        }
    }

    private static void requireSameFiles(Map<String, String> expected, Model model) {
        Map<String, String> found = FileHash.byName(model.checkpoint().hashes());
        for (Map.Entry<String, String> file : new TreeMap<>(expected).entrySet()) {
            if (!file.getValue().equals(found.get(file.getKey()))) {
                throw FailureKind.BAD_RECORD.failure("the model in '"
                        + model.checkpoint().directory() + "' is not the one that is pruned: "
                        + OneLine.of(file.getKey())
                        + (found.containsKey(file.getKey()) ? " differs" : " is not part of it")
                        + "; give this worker a copy of that model");
            }
        }
    }

    @Override
    public List<TrialExecutor.Result> evaluate(TrialBatch batch) {
        check.requireFits(batch);
        return evaluator.evaluate(batch);
    }

    @Override
    public void close() {
        close(closing);
    }

    private static void close(Deque<Runnable> closing) {
        while (!closing.isEmpty()) {
            closing.pop().run();
        }
    }
}
