package io.fastforward.run.stage;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Setting;
import io.fastforward.forward.Decoder;
import io.fastforward.forward.HiddenStates;
import io.fastforward.forward.LayerWalk;
import io.fastforward.forward.PassMemory;
import io.fastforward.prune.ErrorCurve;
import io.fastforward.prune.PruningPass;
import io.fastforward.prune.SparsePreview;
import io.fastforward.prune.Sparsification;
import io.fastforward.prune.SparsifyingPass;
import io.fastforward.settings.PruneSettings;
import io.fastforward.settings.SearchPlan;
import io.fastforward.settings.WindowSettings;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.measure.HiddenStream;
import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.prune.Calibrator;
import io.fastforward.spi.prune.Sparsifier;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The memory that a run will need beside the mapped files, worked out before it starts.
 *
 * @param resident whether all layers stay loaded on what computes everything but candidates
 * @param residentSearch whether all layers stay loaded on what evaluates candidates
 * @param scoring peak of the statistics pass
 * @param searchBytes peak of the search and of the probes before it
 * @param repair peak of calibration
 * @param limitBytes most that may be planned with
 */
public record MemoryPlan(
        boolean resident,
        boolean residentSearch,
        StageNeed scoring,
        long searchBytes,
        StageNeed repair,
        long limitBytes) {

    /**
     * The plan of a run.
     *
     * @param storedBytesPerWeight what a weight takes in the checkpoint
     * @param evaluating evaluates candidates
     * @param everything whether it computes everything else, too; if not, only its layers stay loaded, so that memory is not
     *     needed twice
     */
    public static MemoryPlan of(
            ModelSpec spec,
            int storedBytesPerWeight,
            PruneSettings settings,
            int windowLength,
            Set<Wish> wishes,
            boolean withErrors,
            PruningPass.Repair repair,
            long limitBytes,
            ComputeBackend evaluating,
            boolean everything) {
        long windowBytes = (long) windowLength * spec.hiddenSize() * Float.BYTES;
        long scratch = scratchBytes(spec, windowLength);
        long layer = largestLayerBytes(spec);
        boolean probes = withErrors && settings.search().prior() == SearchPlan.Prior.PROBES;
        boolean onHost = evaluating.computesInHostMemory();
        StageNeed repairing = repairing(
                spec, storedBytesPerWeight, settings.windows().repair() * windowBytes, windowLength, repair, onHost);
        int windows = settings.windows().finalWindows();
        boolean compared = settings.search().reward().comparesWithDense();
        long hidden = candidateBytes(spec, windows, windowLength, compared, limitBytes);
        long allLayers = spec.decoderParameters() * evaluating.bytesPerWeight();
        boolean residentSearch = keepsLayers(spec, windows, windowLength, compared, limitBytes, evaluating);
        long search = Math.max(residentSearch ? allLayers : 0, 2 * layer)
                + scratch
                + hidden
                + Math.max(
                        probes ? probeBytes(spec, windowBytes) : 0,
                        settings.search().rewardAfter() == SearchPlan.RewardAfter.REPAIR
                                ? repairing.bytes() + layer
                                : 0);
        boolean resident = residentSearch && everything;
        return new MemoryPlan(
                resident,
                residentSearch,
                wishes.isEmpty() && !withErrors
                        ? StageNeed.NOTHING
                        : scoring(
                                spec,
                                settings.windows().scoring() * windowBytes,
                                windowLength,
                                wishes,
                                withErrors,
                                probes,
                                onHost),
                search,
                repairing.beside(resident ? allLayers : 0),
                limitBytes);
    }

    private static StageNeed scoring(
            ModelSpec spec,
            long hiddenStateBytes,
            int windowLength,
            Set<Wish> wishes,
            boolean withErrors,
            boolean probes,
            boolean onHost) {
        boolean solves = wishes.stream().anyMatch(wish -> wish.moment() == Moment.GRAM);
        long fixed = largestLayerBytes(spec)
                + scratchBytes(spec, windowLength)
                + (solves ? 2 * solverBytes(spec) : 0)
                + (withErrors ? errorBytes(spec, windowLength, probes) : 0)
                + (probes ? widestMapBytes(spec) : 0);
        return new StageNeed(
                fixed,
                0,
                hiddenStateBytes,
                chunkBytes(spec, windowLength),
                sums(scoringSums(spec, wishes, withErrors), onHost),
                onHost);
    }

    private static StageNeed repairing(
            ModelSpec spec,
            int storedBytesPerWeight,
            long streamBytes,
            int windowLength,
            PruningPass.Repair repair,
            boolean onHost) {
        long layer = largestLayerBytes(spec);
        long stored = layer / Float.BYTES * storedBytesPerWeight;
        long scratch = scratchBytes(spec, windowLength);
        long writing = writingBytes(layer, stored, scratch);
        if (!repair.measures()) {
            return new StageNeed(writing, 0, 0, 0, List.of(), onHost);
        }
        int streams = repair.streams().size();
        // A layer in nested order, of which one module at a time is loaded and repaired.
        long solving = stored
                + largestModuleBytes(spec)
                + scratch * streams
                + calibratorBytes(spec, repair.calibrator(), windowLength);
        return new StageNeed(
                Math.max(writing, solving),
                0,
                streamBytes * streams,
                chunkBytes(spec, windowLength),
                sums(PruningPass.sumBytes(spec, repair), onHost),
                onHost);
    }

    /**
     * Whether all layers stay loaded on what evaluates candidates.
     *
     * @param windows most of them that candidates are evaluated on at once
     * @param compared whether the candidates are compared with the dense model
     */
    public static boolean keepsLayers(
            ModelSpec spec,
            int windows,
            int windowLength,
            boolean compared,
            long limitBytes,
            ComputeBackend evaluating) {
        long allLayers = spec.decoderParameters() * evaluating.bytesPerWeight();
        long beside =
                scratchBytes(spec, windowLength) + candidateBytes(spec, windows, windowLength, compared, limitBytes);
        return allLayers + beside <= limitBytes / 2 && allLayers <= evaluating.weightBytes();
    }

    /** Hidden states of candidates, and of the dense model if they are compared with it. */
    private static long candidateBytes(
            ModelSpec spec, int windows, int windowLength, boolean compared, long limitBytes) {
        long all = (long) windows * windowLength * spec.hiddenSize() * Float.BYTES;
        return Math.max(all, Math.min(Decoder.branchBytes(spec, windowLength), limitBytes / 4)) + (compared ? all : 0);
    }

    /**
     * What it takes to sparsify a model beside the mapped files: a layer as it is written, one module of it loaded for each
     * stream, the hidden states, and the sums of one module with what is solved for them. With several layers at once, as much for
     * each, and a layer and hidden states for the walk ahead of them; of that, nothing goes to disk.
     *
     * @param storedBytesPerWeight what a weight takes in the checkpoint
     * @param layersAtOnce how many layers are done at a time
     * @param onHost whether the backend computes in memory of the host
     */
    public static StageNeed sparsifying(
            ModelSpec spec,
            int storedBytesPerWeight,
            Sparsification sparsification,
            WindowSettings windows,
            int windowLength,
            int layersAtOnce,
            boolean onHost) {
        long layer = largestLayerBytes(spec);
        long stored = layer / Float.BYTES * storedBytesPerWeight;
        long scratch = scratchBytes(spec, windowLength);
        int streams = sparsification.streams().size();
        long solving = spec.modules().stream()
                .flatMap(module -> module.maps().stream())
                .mapToLong(map -> map.parameters() * Float.BYTES + sparsification.scratchBytes(map))
                .max()
                .orElse(0);
        long sparsifying = stored + streams * (largestModuleBytes(spec) + scratch) + solving;
        long fixed = Math.max(sparsifying, writingBytes(layer, stored, scratch));
        long stream = (long) windows.repair() * windowLength * spec.hiddenSize() * Float.BYTES;
        List<Long> sums = sums(SparsifyingPass.sumBytes(spec, sparsification), onHost);
        StageNeed one = new StageNeed(fixed, 0, streams * stream, chunkBytes(spec, windowLength), sums, onHost);
        if (layersAtOnce == 1) {
            return one;
        }
        long ahead = sparsification.measures() ? layer + scratch + stream : 0;
        return new StageNeed(layersAtOnce * one.bytes() + ahead, 0, 0, 0, List.of(), false);
    }

    /** A layer in nested order, as it is written, and loaded to be compared. */
    private static long writingBytes(long layer, long stored, long scratch) {
        return layer + 2 * stored + scratch;
    }

    /** What it takes besides if the result is evaluated meanwhile on some windows. */
    public static long watching(ModelSpec spec, int windows, int windowLength) {
        return largestLayerBytes(spec)
                + scratchBytes(spec, windowLength)
                + (long) windows * windowLength * spec.hiddenSize() * Float.BYTES;
    }

    /**
     * What it takes to search shares of zeros: what was measured at all modules, two layers on the host and on the device, and
     * the hidden states.
     */
    public static long previewing(ModelSpec spec, Sparsifier sparsifier, WindowSettings windows, int windowLength) {
        long windowBytes = (long) windowLength * spec.hiddenSize() * Float.BYTES;
        return SparsePreview.bytes(spec, sparsifier)
                + 3 * largestLayerBytes(spec)
                + scratchBytes(spec, windowLength)
                + Math.max(windows.repair(), windows.finalWindows()) * windowBytes;
    }

    /** The same for what evaluates candidates. */
    public MemoryPlan ofCandidates() {
        return new MemoryPlan(residentSearch, residentSearch, scoring, searchBytes, repair, limitBytes);
    }

    /** Where the statistics pass keeps hidden states and sums: in memory as far as it goes, and in files in a directory. */
    public PassMemory scoringMemory(Path directory) {
        return scoring.memory(limitBytes, directory);
    }

    /** The same for calibration. */
    public PassMemory repairMemory(Path directory) {
        return repair.memory(limitBytes, directory);
    }

    /** What goes to disk at a time. */
    public long spilledBytes() {
        return Math.max(scoring.spilledBytes(limitBytes), repair.spilledBytes(limitBytes));
    }

    /** One line for the user. */
    public String describe() {
        return String.format(
                        Locale.ROOT,
                        "Memory: %s for scoring, %s for the search (%s), %s for calibration; %s may be used",
                        StageNeed.size(scoring.bytes()),
                        StageNeed.size(searchBytes),
                        residentSearch ? "all layers stay loaded" : "layers are streamed",
                        StageNeed.size(repair.bytes()),
                        StageNeed.size(limitBytes))
                + StageNeed.onDisk(spilledBytes());
    }

    /**
     * Checks that the memory suffices.
     *
     * @throws Failure if not
     */
    public void requireWithinLimit() {
        scoring.requireWithinLimit("scoring", limitBytes, Setting.PRIOR + " none takes less");
        repair.requireWithinLimit(
                "calibration", limitBytes, "another " + Setting.CALIBRATOR + " may take less (bias, none)");
        require(
                Math.max(searchBytes, Math.max(scoring.leastBytes(), repair.leastBytes())),
                limitBytes,
                List.of(),
                List.of(Setting.SCORING_WINDOWS, Setting.REPAIR_WINDOWS, Setting.WINDOW_LENGTH));
    }

    /**
     * Checks that memory suffices.
     *
     * @param lower numbers of which a lower one would do, beside the windows
     * @param windows the settings of windows by which less would do
     * @throws Failure if not
     */
    public static void require(long neededBytes, long limitBytes, List<Setting> lower, List<Setting> windows) {
        if (neededBytes > limitBytes) {
            throw FailureKind.DEVICE.failure("the run needs " + StageNeed.size(neededBytes) + " of memory, but may use "
                    + StageNeed.size(limitBytes) + "; " + (lower.isEmpty() ? "" : "lower " + names(lower) + ", ")
                    + "use fewer or shorter windows (" + names(windows) + "), or raise " + Setting.MEMORY);
        }
    }

    private static String names(List<Setting> settings) {
        return settings.stream().map(Setting::toString).collect(Collectors.joining(", "));
    }

    private static long scratchBytes(ModelSpec spec, int windowLength) {
        return (long) chunkRows(windowLength) * spec.widestFeatures() * Float.BYTES;
    }

    private static int chunkRows(int windowLength) {
        return HiddenStates.windowsPerChunk(windowLength) * windowLength;
    }

    private static long chunkBytes(ModelSpec spec, int windowLength) {
        return (long) chunkRows(windowLength) * spec.hiddenSize() * Float.BYTES;
    }

    /** The sums of the wishes, and the Gram matrix that errors are worked out of. */
    private static List<Long> scoringSums(ModelSpec spec, Set<Wish> wishes, boolean withErrors) {
        List<Long> sums = new ArrayList<>(LayerWalk.sumBytes(spec, wishes, Set.of(HiddenStream.DENSE)));
        if (withErrors) {
            sums.add((long) spec.widestFeatures() * spec.widestFeatures() * Double.BYTES);
        }
        return sums;
    }

    /** Where a device has memory of its own, sums are there and copied to the host. */
    private static List<Long> sums(List<Long> bytes, boolean onHost) {
        return onHost ? bytes : bytes.stream().map(each -> 2 * each).toList();
    }

    private static long largestModuleBytes(ModelSpec spec) {
        return Float.BYTES
                * spec.modules().stream()
                        .mapToLong(ModuleSpec::parameters)
                        .max()
                        .orElse(0);
    }

    private static long largestLayerBytes(ModelSpec spec) {
        return Float.BYTES
                * spec.layers().stream()
                        .mapToLong(layer ->
                                layer.attention().parameters() + layer.mlp().parameters())
                        .max()
                        .orElse(0);
    }

    /**
     * Factor and right-hand sides, in double precision. Who asks for a Gram matrix may need an inverse and another matrix as
     * large, or the right-hand sides twice.
     */
    private static long solverBytes(ModelSpec spec) {
        long widest = spec.widestFeatures();
        return (widest * widest + widest * spec.hiddenSize()) * Double.BYTES;
    }

    /** What is solved where a Gram matrix is, and a chunk's features and hidden states on the host. */
    private static long errorBytes(ModelSpec spec, int windowLength, boolean repaired) {
        long widest = spec.widestFeatures();
        return ErrorCurve.scratchBytes(widest, repaired ? widest / 2 : 0)
                + scratchBytes(spec, windowLength)
                + chunkBytes(spec, windowLength);
    }

    /** What probes take beside the search: the dense model's hidden states, and both modules of a layer, repaired. */
    private static long probeBytes(ModelSpec spec, long windowBytes) {
        return SearchPlan.PROBE_WINDOWS * windowBytes + 2 * largestLayerBytes(spec);
    }

    private static long widestMapBytes(ModelSpec spec) {
        return (long) spec.widestFeatures() * spec.hiddenSize() * Float.BYTES;
    }

    /** What a calibrator works with at the module that takes most, and the batches that it looks at. */
    private static long calibratorBytes(ModelSpec spec, Calibrator calibrator, int windowLength) {
        long scratch = spec.modules().stream()
                .filter(module -> !module.isIdentity())
                .mapToLong(calibrator::scratchBytes)
                .max()
                .orElse(0);
        return scratch + (calibrator.iterates() ? LayerWalk.batchBytes(spec, chunkRows(windowLength)) : 0);
    }
}
