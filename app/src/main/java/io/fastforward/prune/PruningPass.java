package io.fastforward.prune;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.forward.HiddenStates;
import io.fastforward.forward.HiddenStates.Chunk;
import io.fastforward.model.Model;
import io.fastforward.model.WeightCopy;
import io.fastforward.nested.NestedModel;
import io.fastforward.nested.NestedOrder;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.DeviceMatrix;
import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.backend.LoadedModule;
import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.LayerSpec;
import io.fastforward.spi.model.LayerWeights;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.prune.Calibrator;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.DoubleMatrix;
import io.fastforward.spi.tensor.Matrix;
import io.fastforward.tokenizer.TokenWindows;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Turns a policy into weights, layer by layer: cuts every module to its leading units and lets the calibrator repair
 * its output map on what the already pruned and repaired layers before it produce. The repaired map is rounded to the
 * data type that will be written before later layers see it. Memory: one layer, the hidden states of the windows
 * (twice for the dense target), and one module's moments.
 */
public final class PruningPass {

    /**
     * How modules are repaired.
     *
     * @param calibrator who repairs them
     * @param target what they are to reproduce
     */
    public record Repair(Calibrator calibrator, CalibrationTarget target) {

        /** Whether the dense model's hidden states are needed beside those of the pruned prefix. */
        boolean followsDenseModel() {
            return measures() && target == CalibrationTarget.DENSE;
        }

        /** Whether the features of modules are measured. */
        public boolean measures() {
            return calibrator.statistics() != Calibrator.Statistics.NONE;
        }

        boolean measuresMeans() {
            return calibrator.statistics() == Calibrator.Statistics.MEANS
                    || calibrator.statistics() == Calibrator.Statistics.CENTRED_GRAM;
        }

        boolean measuresGram() {
            return calibrator.statistics() == Calibrator.Statistics.GRAM
                    || calibrator.statistics() == Calibrator.Statistics.CENTRED_GRAM;
        }
    }

    private final ComputeBackend backend;
    private final LinearAlgebra algebra;
    private final Model model;
    private final ModelSpec spec;
    private final NestedModel nested;
    private final Policy policy;
    private final Repair repair;
    private final @Nullable DataType dataType;
    private final List<ModuleRepair> repairs = new ArrayList<>();

    /**
     * A pass over a model.
     *
     * @param spec the model's architecture with the units that order and policy are about
     * @param dataType data type of the result; null keeps each tensor's own
     */
    public PruningPass(
            ComputeBackend backend,
            LinearAlgebra algebra,
            Model model,
            ModelSpec spec,
            NestedOrder order,
            Policy policy,
            Repair repair,
            @Nullable DataType dataType) {
        this.backend = backend;
        this.algebra = algebra;
        this.model = model;
        this.spec = spec;
        this.nested = new NestedModel(spec, model, order);
        this.policy = policy;
        this.repair = repair;
        this.dataType = dataType;
    }

    /** Most bytes that the moments of a calibrated module take, on the device and on the host. */
    public static long momentBytes(ModelSpec spec, Repair repair) {
        long widest = spec.widestFeatures();
        long numbers = (repair.measuresGram() ? widest * widest : 0) + (repair.measuresMeans() ? widest : 0);
        return (repair.followsDenseModel() ? 4 : 2) * numbers * Double.BYTES;
    }

    /**
     * Runs the pass.
     *
     * @param windows calibration windows; not looked at if the calibrator needs no moments
     * @param progress is told the number of layers that are done
     * @return what was done to each module
     */
    public List<ModuleRepair> run(TokenWindows windows, PrunedLayerSink sink, IntConsumer progress) {
        try (Streams streams =
                repair.measures() ? Streams.embed(backend, model, windows, repair) : new Streams(null, null)) {
            for (int i = 0; i < spec.layers().size(); i++) {
                pruneLayer(i, streams, sink);
                progress.accept(i + 1);
            }
        }
        return List.copyOf(repairs);
    }

    /** Hidden states that move on layer by layer: behind the pruned prefix, and of the dense model. */
    private record Streams(
            @Nullable HiddenStates prefix, @Nullable HiddenStates dense) implements AutoCloseable {

        static Streams embed(ComputeBackend backend, Model model, TokenWindows windows, Repair repair) {
            HiddenStates prefix = HiddenStates.embed(backend, model.ends(), windows);
            if (!repair.followsDenseModel()) {
                return new Streams(prefix, null);
            }
            try {
                return new Streams(prefix, HiddenStates.embed(backend, model.ends(), windows));
            } catch (Throwable e) {
                prefix.close();
                throw e;
            }
        }

        @Override
        public void close() {
            if (prefix != null) {
                prefix.close();
            }
            if (dense != null) {
                dense.close();
            }
        }
    }

    private void pruneLayer(int layer, Streams streams, PrunedLayerSink sink) {
        LayerSpec dense = spec.layers().get(layer);
        LayerSpec pruned = dense.withUnits(policy.attentionUnits(layer), policy.channels(layer));
        try (Arena arena = Arena.ofShared()) {
            LayerWeights weights = nested.layer(layer, arena);
            LayerWeights repaired = new LayerWeights(
                    prune(layer, dense.attention(), weights.attention(), policy.attentionUnits(layer), streams, arena),
                    prune(layer, dense.mlp(), weights.mlp(), policy.channels(layer), streams, arena));
            LayerWeights ordered = NestedModel.cut(pruned, repaired, arena);
            DataType type = dataType;
            sink.accept(layer, type == null ? ordered : WeightCopy.of(ordered, type, arena));
        }
    }

    /** The weights with which a module does what it still can; there is nothing to repair where it goes altogether. */
    private ModuleWeights prune(
            int layer, ModuleSpec spec, ModuleWeights weights, int kept, Streams streams, Arena arena) {
        if (kept > 0) {
            Linear output = repair(layer, spec, weights, kept, streams, arena);
            return weights.with(Map.of(weights.maps().lastEntry().getKey(), output));
        }
        HiddenStates followed = streams.dense();
        if (followed != null && !spec.isIdentity()) {
            try (LoadedModule module = backend.load(spec, weights);
                    DeviceMatrix features = backend.allocate(followed.chunkRows(), spec.features(spec.units()))) {
                for (Chunk chunk : followed.chunks()) {
                    backend.apply(module, spec.units(), chunk.shape(), chunk.hidden(), features);
                }
            }
        }
        return ModuleWeights.NONE;
    }

    private Linear repair(int layer, ModuleSpec spec, ModuleWeights weights, int kept, Streams streams, Arena arena) {
        Linear dense = WeightCopy.of(weights.output(), DataType.F32, arena);
        HiddenStates prefix = streams.prefix();
        if (prefix == null) {
            DoubleMatrix none = DoubleMatrix.allocate(arena, 0, 0);
            Calibrator.Problem problem = new Calibrator.Problem(dense, spec.features(kept), none, none, none, none, 0);
            return rounded(solve(layer, spec, problem, arena), weights.output(), arena);
        }
        try (LoadedModule module = backend.load(spec, weights);
                DeviceMatrix features = backend.allocate(prefix.chunkRows(), spec.features(spec.units()));
                Arena momentArena = Arena.ofShared()) {
            Calibrator.Problem problem = measure(module, dense, kept, streams, features, momentArena);
            Linear repaired = rounded(solve(layer, spec, problem, arena), weights.output(), arena);
            backend.replaceOutput(module, repaired);
            for (Chunk chunk : prefix.chunks()) {
                backend.apply(module, kept, chunk.shape(), chunk.hidden(), features);
            }
            return repaired;
        }
    }

    private Calibrator.Problem measure(
            LoadedModule module, Linear dense, int kept, Streams streams, DeviceMatrix features, Arena arena) {
        ModuleSpec spec = module.spec();
        int width = spec.features(spec.units());
        HiddenStates prefix = Objects.requireNonNull(streams.prefix());
        HiddenStates followed = streams.dense();
        try (FeatureMoments moments = new FeatureMoments(backend, repair, width)) {
            if (followed == null) {
                for (Chunk chunk : prefix.chunks()) {
                    backend.features(module, spec.units(), chunk.shape(), chunk.hidden(), features);
                    moments.add(features, chunk.shape().rows());
                }
            } else {
                try (DeviceMatrix denseFeatures = backend.allocate(prefix.chunkRows(), width)) {
                    for (int i = 0; i < prefix.chunks().size(); i++) {
                        Chunk chunk = prefix.chunks().get(i);
                        Chunk denseChunk = followed.chunks().get(i);
                        int rows = chunk.shape().rows();
                        backend.features(module, spec.units(), chunk.shape(), chunk.hidden(), features);
                        backend.features(module, spec.units(), chunk.shape(), denseChunk.hidden(), denseFeatures);
                        moments.add(features, denseFeatures, rows);
                        backend.project(module, spec.units(), rows, denseFeatures, denseChunk.hidden());
                    }
                }
            }
            return moments.problem(dense, spec.features(kept), arena);
        }
    }

    private Linear solve(int layer, ModuleSpec spec, Calibrator.Problem problem, Arena arena) {
        String module = spec instanceof AttentionSpec ? "attention" : "mlp";
        Calibrator.Solution solution;
        try {
            solution = repair.calibrator().calibrate(problem, algebra, arena);
        } catch (IllegalArgumentException e) {
            throw new Failure(
                    FailureKind.NOT_FINITE,
                    "calibrating the " + module + " module of layer " + layer + " failed: " + e.getMessage(),
                    e);
        }
        repairs.add(new ModuleRepair(layer, module, solution.relativeError(), solution.ridge(), solution.remark()));
        return solution.map();
    }

    /** A repaired map in the data types that will be written: the source's, unless one was asked for. */
    private Linear rounded(Linear repaired, Linear source, Arena arena) {
        Matrix bias = repaired.bias();
        Matrix sourceBias = source.bias();
        return new Linear(
                WeightCopy.of(repaired.weight(), writtenType(source.weight()), arena),
                bias == null || sourceBias == null ? null : WeightCopy.of(bias, writtenType(sourceBias), arena));
    }

    private DataType writtenType(Matrix source) {
        return dataType == null ? source.type() : dataType;
    }
}
