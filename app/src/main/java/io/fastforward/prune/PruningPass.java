package io.fastforward.prune;

import io.fastforward.failure.FailureKind;
import io.fastforward.forward.LayerWalk;
import io.fastforward.forward.PageReadAhead;
import io.fastforward.forward.PassMemory;
import io.fastforward.model.WeightCopy;
import io.fastforward.nested.NestedModel;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.backend.LoadedModule;
import io.fastforward.spi.measure.HiddenStream;
import io.fastforward.spi.measure.Measured;
import io.fastforward.spi.measure.ModuleView;
import io.fastforward.spi.measure.Tap;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.LayerSpec;
import io.fastforward.spi.model.LayerWeights;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.model.ModelEnds;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.prune.Calibrator;
import io.fastforward.spi.prune.Workbench;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import io.fastforward.tokenizer.TokenWindows;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntConsumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Turns a policy into weights, layer by layer: cuts every module to its leading units and lets the calibrator repair
 * its output map on what the already pruned and repaired layers before it produce. The repaired map is rounded to the
 * data type that will be written before later layers see it. Memory: one layer, the hidden states of the windows
 * (twice for the dense model's targets), and one module's moments.
 */
public final class PruningPass {

    /**
     * How modules are repaired.
     *
     * @param calibrator who repairs them
     * @param target what they are to reproduce
     * @param dataType data type of the result; null keeps each tensor's own
     */
    public record Repair(
            Calibrator calibrator,
            CalibrationTarget target,
            @Nullable DataType dataType) {

        /** What is measured on the modules: the calibrator's wishes, without those that the target does not ask for. */
        public Set<Wish> wishes() {
            return calibrator.wishes().stream()
                    .filter(wish -> target == CalibrationTarget.RESIDUAL || wish.tap() != Tap.RESIDUAL)
                    .collect(Collectors.toSet());
        }

        /** Whether that is anything. */
        public boolean measures() {
            return !wishes().isEmpty();
        }

        /** The streams of hidden states that are needed. */
        public Set<HiddenStream> streams() {
            return target != CalibrationTarget.PREFIX
                            && calibrator.wishes().stream().anyMatch(wish -> wish.stream() == HiddenStream.DENSE)
                    ? EnumSet.allOf(HiddenStream.class)
                    : EnumSet.of(HiddenStream.OWN);
        }
    }

    private final ComputeBackend backend;
    private final LinearAlgebra algebra;
    private final ModelEnds ends;
    private final NestedModel nested;
    private final Policy policy;
    private final Repair repair;
    private final List<ModuleRepair> repairs = new ArrayList<>();

    /**
     * A pass over a model.
     *
     * @param ends what is before and after its layers
     */
    public PruningPass(
            ComputeBackend backend,
            LinearAlgebra algebra,
            ModelEnds ends,
            NestedModel nested,
            Policy policy,
            Repair repair) {
        this.backend = backend;
        this.algebra = algebra;
        this.ends = ends;
        this.nested = nested;
        this.policy = policy;
        this.repair = repair;
    }

    /** Most bytes of each sum of a calibrated module, in the order in which they take their memory. */
    public static List<Long> sumBytes(ModelSpec spec, Repair repair) {
        return LayerWalk.sumBytes(spec, repair.wishes(), repair.streams());
    }

    /**
     * Runs the pass.
     *
     * @param windows calibration windows; not looked at if the calibrator needs no moments
     * @param progress is told the number of layers that are done
     * @return what was done to each module
     */
    public List<ModuleRepair> run(TokenWindows windows, PrunedLayerSink sink, IntConsumer progress) {
        return run(windows, FinishedLayers.none(), sink, progress);
    }

    /**
     * Likewise, going on behind the layers that were finished before: these are cut once more, to what was made of them.
     *
     * @param finished of the {@link #shape}
     */
    public List<ModuleRepair> run(
            TokenWindows windows, FinishedLayers<LayerRepairs> finished, PrunedLayerSink sink, IntConsumer progress) {
        return run(windows, PassMemory.ANONYMOUS, finished, sink, progress);
    }

    /**
     * The same.
     *
     * @param memory for hidden states and sums, if the backend computes in memory of the host
     */
    public List<ModuleRepair> run(
            TokenWindows windows,
            PassMemory memory,
            FinishedLayers<LayerRepairs> finished,
            PrunedLayerSink sink,
            IntConsumer progress) {
        try (LayerWalk walk =
                        repair.measures() ? new LayerWalk(backend, ends, windows, repair.streams(), memory) : null;
                PageReadAhead ahead = new PageReadAhead(nested.spec().layers().size(), nested)) {
            for (int i = 0; i < nested.spec().layers().size(); i++) {
                ahead.begin(i + 1);
                if (finished.holds(i)) {
                    passOn(i, finished, sink);
                } else {
                    if (walk != null && finished.holds(i - 1)) {
                        finished.restore(walk);
                    }
                    pruneLayer(i, walk, finished, sink);
                }
                progress.accept(i + 1);
            }
        }
        return List.copyOf(repairs);
    }

    /** What is kept of this pass has to fit. */
    public PassShape<LayerRepairs> shape(TokenWindows windows) {
        return new PassShape<>(
                nested.spec().layers().size(),
                repair.measures() ? repair.streams() : Set.of(),
                windows.tokens().length,
                nested.spec().hiddenSize(),
                (layer, outcome, maps) -> {
                    LayerSpec pruned = cut(layer);
                    outcome.requireFits(layer, pruned);
                    maps.forEach(map -> map.requireFits(pruned, repair.dataType()));
                });
    }

    /** A layer with what is kept of it in nested order. */
    private LayerSpec cut(int layer) {
        return nested.spec().layers().get(layer).withUnits(policy.attentionUnits(layer), policy.channels(layer));
    }

    private void passOn(int layer, FinishedLayers<LayerRepairs> finished, PrunedLayerSink sink) {
        repairs.addAll(finished.outcome(layer).repairs());
        try (Arena arena = Arena.ofShared()) {
            LayerWeights weights = nested.layer(layer, arena);
            Map<MapRole, Linear> repaired = new EnumMap<>(MapRole.class);
            // In their data types they are by now, unless somebody made up the file.
            finished.maps(layer, arena)
                    .forEach((role, map) -> repaired.put(role, rounded(map, map(weights, role), arena)));
            passOn(layer, weights, repaired, sink, arena);
        }
    }

    private static Linear map(LayerWeights weights, MapRole role) {
        Linear inAttention = weights.attention().maps().get(role);
        return inAttention == null ? weights.mlp().map(role) : inAttention;
    }

    private void passOn(
            int layer, LayerWeights weights, Map<MapRole, Linear> repaired, PrunedLayerSink sink, Arena arena) {
        LayerWeights ordered = NestedModel.cut(cut(layer), weights.mapEach(module -> module.with(repaired)), arena);
        DataType type = repair.dataType();
        sink.accept(layer, type == null ? ordered : WeightCopy.of(ordered, type, arena));
    }

    private void pruneLayer(
            int layer, @Nullable LayerWalk walk, FinishedLayers<LayerRepairs> finished, PrunedLayerSink sink) {
        LayerSpec dense = nested.spec().layers().get(layer);
        int before = repairs.size();
        try (Arena arena = Arena.ofShared()) {
            LayerWeights weights = nested.layer(layer, arena);
            Map<MapRole, Linear> repaired = new EnumMap<>(MapRole.class);
            repaired.putAll(
                    repair(layer, dense.attention(), weights.attention(), policy.attentionUnits(layer), walk, arena));
            repaired.putAll(repair(layer, dense.mlp(), weights.mlp(), policy.channels(layer), walk, arena));
            passOn(layer, weights, repaired, sink, arena);
            LayerRepairs outcome = new LayerRepairs(
                    policy.attentionUnits(layer), policy.channels(layer), repairs.subList(before, repairs.size()));
            finished.add(layer, outcome, repaired, walk);
        }
    }

    /** The maps of a module that are repaired, for its leading units. */
    private Map<MapRole, Linear> repair(
            int layer, ModuleSpec spec, ModuleWeights weights, int kept, @Nullable LayerWalk walk, Arena arena) {
        if (kept == 0) {
            moveDenseOn(spec, weights, walk);
            return Map.of();
        }
        if (walk == null) {
            ModuleView module = new ModuleView(layer, spec, weights, Measured.NOTHING);
            return repair(module, kept, new ModuleBench(algebra, arena, Map.of()));
        }
        try (LoadedModule loaded = backend.load(spec, weights);
                Arena scratch = Arena.ofShared()) {
            Set<Wish> wishes = repair.wishes();
            boolean iterates = repair.calibrator().iterates();
            Measured measured =
                    iterates ? walk.measureHere(loaded, wishes, scratch) : walk.measure(loaded, wishes, scratch);
            Workbench bench = new ModuleBench(
                    algebra,
                    arena,
                    batches(walk, loaded, HiddenStream.OWN, scratch),
                    iterates ? batches(walk, loaded, HiddenStream.DENSE, scratch) : Map.of());
            Map<MapRole, Linear> repaired = repair(new ModuleView(layer, spec, weights, measured), kept, bench);
            if (iterates) {
                walk.moveDenseOn(loaded); // while the module is as it was
            }
            repaired.forEach((role, map) -> backend.replace(loaded, role, map));
            walk.moveOn(loaded, kept);
            return repaired;
        }
    }

    /** What passes the taps that there are wishes for on some stream. */
    private Map<Tap, Iterable<Matrix>> batches(
            LayerWalk walk, LoadedModule module, HiddenStream stream, Arena scratch) {
        return repair.wishes().stream()
                .filter(wish -> stream == HiddenStream.OWN ? wish.tap() != Tap.RESIDUAL : wish.stream() == stream)
                .map(Wish::tap)
                .distinct()
                .collect(Collectors.toMap(tap -> tap, tap -> walk.batches(module, tap, stream, scratch)));
    }

    /** Where a module goes altogether, there is nothing to repair, but the dense model still has it. */
    private void moveDenseOn(ModuleSpec spec, ModuleWeights weights, @Nullable LayerWalk walk) {
        if (walk == null || spec.isIdentity() || !repair.streams().contains(HiddenStream.DENSE)) {
            return;
        }
        try (LoadedModule loaded = backend.load(spec, weights)) {
            walk.moveDenseOn(loaded);
        }
    }

    /** What the calibrator makes of a module, in the data types that will be written: later layers see that. */
    private Map<MapRole, Linear> repair(ModuleView module, int kept, Workbench workbench) {
        String name = module.spec() instanceof AttentionSpec ? "attention" : "mlp";
        Calibrator.Repair repaired;
        try {
            repaired = repair.calibrator().repair(module, kept, workbench);
        } catch (IllegalArgumentException e) {
            throw FailureKind.NOT_FINITE.failure(
                    "calibrating the " + name + " module of layer " + module.layer() + " failed: " + e.getMessage(), e);
        }
        repairs.add(
                new ModuleRepair(module.layer(), name, repaired.relativeError(), repaired.ridge(), repaired.remark()));
        Map<MapRole, Linear> rounded = new EnumMap<>(MapRole.class);
        repaired.replaced()
                .forEach((role, map) ->
                        rounded.put(role, rounded(map, module.weights().map(role), workbench.arena())));
        return rounded;
    }

    private Linear rounded(Linear repaired, Linear source, Arena arena) {
        DataType dataType = repair.dataType();
        return dataType == null ? WeightCopy.like(source, repaired, arena) : WeightCopy.of(repaired, dataType, arena);
    }
}
