package io.fastforward.record;

import com.fasterxml.jackson.databind.JsonNode;
import io.fastforward.checkpoint.FileHash;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.OneLine;
import io.fastforward.failure.Setting;
import io.fastforward.nested.UnitRanking;
import io.fastforward.search.Budget;
import io.fastforward.search.SearchState;
import io.fastforward.search.TrialRecord;
import io.fastforward.settings.PrecisionChoice;
import io.fastforward.spi.model.ModelSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The record of a run, in a {@linkplain RecordStore directory}: {@code manifest.json}, a {@link ProbeRecord}, a {@link PassRecord},
 * {@code nested-order.json}, {@code search-state.json}, {@code trials.jsonl}, {@code search-result.json}, {@code share-choice.json},
 * {@code policy.json}, {@code export.json}, {@code result.json}, {@code run.log}. What the result depends on is a {@link RecordFile};
 * {@code trials.jsonl} and {@code policy.json} are for people.
 *
 * <p>A record in which no stage was finished is nothing to go on from: closing a new one deletes it, and what a killed process
 * left of one may be taken by any run.
 */
public final class RunRecord implements AutoCloseable {

    static final String MANIFEST = "manifest.json";
    static final String ORDER = "nested-order.json";
    private static final String SEARCH_STATE = "search-state.json";
    private static final String SEARCH_RESULT = "search-result.json";
    private static final String SHARE_CHOICE = "share-choice.json";
    private static final String POLICY = "policy.json";
    private static final String EXPORT = "export.json";
    static final String RESULT = "result.json";
    private static final String LOG = "run.log";

    /** What people look at, in the directory of a run that came to its end. */
    public static final String REPORT = "report.html";

    private static final List<String> FILES = List.of(
            MANIFEST,
            ProbeRecord.SCORED,
            ProbeRecord.PROBES,
            PassRecord.STATE,
            ORDER,
            SEARCH_STATE,
            Trials.FILE,
            SEARCH_RESULT,
            SHARE_CHOICE,
            POLICY,
            EXPORT,
            RESULT);

    /** What the first finished stage leaves, or the first layers of it, in one kind of run or another. */
    private static final List<String> FIRST_STAGES =
            List.of(PassRecord.STATE, ProbeRecord.SCORED, ORDER, SEARCH_STATE, EXPORT);

    private static final List<String> WITHOUT_STAGES = List.of(LOG, Trials.FILE, REPORT, MANIFEST);

    private final RecordStore store;
    private final Trials trials;
    private final ProbeRecord probing;
    private final PassRecord pass;
    private final boolean begun;
    private Manifest manifest;

    /** @param begun whether the run begins here, and does not go on */
    private RunRecord(RecordStore store, boolean begun, Manifest manifest) {
        this.store = store;
        this.trials = new Trials(store);
        this.probing = new ProbeRecord(store, manifest.id());
        this.pass = new PassRecord(store, manifest.id(), SavePace.usual());
        this.begun = begun;
        this.manifest = manifest;
    }

    /**
     * Takes a directory for a run.
     *
     * @param manifest of the run that is about to begin
     * @param resume whether the directory should hold an interrupted run with the same manifest, but for the device;
     *     one that was killed before it had finished a stage is begun again
     * @throws Failure if it holds another run, or, without {@code resume}, anything at all, or if another process works
     *     on it
     */
    public static RunRecord open(Path path, Manifest manifest, boolean resume) {
        if (!holdsRun(path) && !RecordStore.mayBeTaken(path)) {
            if (resume) {
                throw FailureKind.BAD_RECORD.failure(
                        "there is no run to resume in '" + path + "'; start it without " + Setting.RESUME);
            }
            RecordStore.requireNothingBut(path, Set.of());
        }
        RecordStore store = RecordStore.take(path, Setting.RUN_DIRECTORY);
        try {
            return holdsStage(path) ? goOn(store, manifest, resume) : begin(store, manifest);
        } catch (Throwable e) {
            store.close();
            throw e;
        }
    }

    private static RunRecord goOn(RecordStore store, Manifest manifest, boolean resume) {
        if (!resume) {
            throw FailureKind.OUTPUT_NOT_EMPTY.failure(
                    "the run directory '" + store.path() + "' holds an earlier run; add " + Setting.RESUME
                            + " to go on with it, or choose another one with " + Setting.RUN_DIRECTORY);
        }
        Manifest earlier = manifest(store.path());
        String difference = earlier.differenceTo(manifest);
        if (!difference.isEmpty()) {
            throw FailureKind.BAD_RECORD.failure("cannot resume the run in '" + store.path() + "': it differs in "
                    + difference + "; give the same again, or start a run of its own with " + Setting.RUN_DIRECTORY);
        }
        store.deleteAbandoned(FILES);
        RunRecord run = new RunRecord(store, false, earlier);
        run.pass().deleteAbandoned();
        return run;
    }

    private static RunRecord begin(RecordStore store, Manifest manifest) {
        store.deleteAbandoned(FILES);
        RecordStore.requireNothingBut(
                store.path(),
                Stream.concat(Stream.of(RecordStore.LOCK, ProbeRecord.MAPS, PassRecord.FOLDER), WITHOUT_STAGES.stream())
                        .collect(Collectors.toSet()));
        RunRecord run = new RunRecord(store, true, manifest);
        try {
            run.probing().delete();
            run.pass().delete();
            run.write(MANIFEST, manifest);
            return run;
        } catch (Throwable e) {
            run.close();
            throw e;
        }
    }

    /** Whether a directory holds the record of a run, finished or not. */
    public static boolean holdsRun(Path path) {
        return Files.exists(path.resolve(MANIFEST));
    }

    /** Whether a directory holds a stage that a run has finished, and could go on from. */
    public static boolean holdsStage(Path path) {
        return holdsRun(path) && FIRST_STAGES.stream().anyMatch(name -> Files.exists(path.resolve(name)));
    }

    /**
     * In what precision a run that can be gone on with evaluates candidates.
     *
     * @return empty if there is no such run, or it says nothing of that
     */
    public static Optional<PrecisionChoice> candidatePrecision(Path path) {
        if (!holdsStage(path)) {
            return Optional.empty();
        }
        JsonNode settings = manifest(path).settings();
        return Stream.of("/search/precision", "/search/plan/precision")
                .map(settings::at)
                .map(JsonNode::asText)
                .flatMap(name -> Arrays.stream(PrecisionChoice.values())
                        .filter(precision -> precision.name().equals(name)))
                .findFirst();
    }

    /** The manifest of the run whose record a directory holds. */
    static Manifest manifest(Path path) {
        Path file = path.resolve(MANIFEST);
        Manifest manifest = RecordFile.read(file, Manifest.class);
        if (!manifest.format().equals(Manifest.FORMAT)) {
            throw RecordFile.damaged(file, "its format is not " + Manifest.FORMAT, null);
        }
        return manifest;
    }

    /** Whether a directory holds the record of a run that came to its end. */
    public static boolean holdsResult(Path path) {
        return holdsRun(path) && Files.exists(path.resolve(RESULT));
    }

    /** Whether the run whose record a directory holds came so far as to write its output. */
    public static boolean holdsExport(Path path) {
        return holdsRun(path) && Files.exists(path.resolve(EXPORT));
    }

    /** The state of the search that some run directory holds, for another run to start from. */
    public static Optional<SearchState> searchState(Path runDirectory) {
        Path file = searchStateFile(runDirectory);
        return Files.exists(file) ? Optional.of(RecordFile.read(file, SearchState.class)) : Optional.empty();
    }

    public static Path searchStateFile(Path runDirectory) {
        return runDirectory.resolve(SEARCH_STATE);
    }

    public Path path() {
        return store.path();
    }

    /** The files of the model that is pruned. */
    public List<FileHash> model() {
        return manifest.model();
    }

    public Path logFile() {
        return store.file(LOG);
    }

    /**
     * Records which device works on the run from now on.
     *
     * @return a warning if another one did before
     */
    public Optional<String> workOn(String device) {
        String before = manifest.device();
        if (device.equals(before)) {
            return Optional.empty();
        }
        manifest = manifest.on(device);
        write(MANIFEST, manifest);
        return Optional.of("Warning: '" + device + "' goes on with what '" + before
                + "' began; the result may differ from that of a single device");
    }

    /**
     * The ranking that the run has finished.
     *
     * @throws Failure if it is damaged, or of another model
     */
    public Optional<UnitRanking> ranking(ModelSpec spec) {
        return readIfThere(ORDER, UnitRanking.class, ranking -> ranking.requireFits(spec));
    }

    /** What is there before the ranking. */
    public ProbeRecord probing() {
        return probing;
    }

    /** What is there of a pass over layers before it is over. */
    public PassRecord pass() {
        return pass;
    }

    public void saveRanking(UnitRanking ranking) {
        write(ORDER, ranking);
    }

    public Optional<SearchState> searchState() {
        return readIfThere(SEARCH_STATE, SearchState.class, state -> {});
    }

    /**
     * Records a batch: first its trials, then the state that counts them, so that a crash in between only leaves lines
     * that {@link #keepTrials} removes.
     */
    public void saveBatch(List<TrialRecord> batch, SearchState state) {
        trials.append(batch);
        write(SEARCH_STATE, state);
    }

    /**
     * Keeps the records of the first trials alone.
     *
     * @return what is missing of them, for people who read them
     */
    public Optional<String> keepTrials(int count) {
        return trials.keep(count);
    }

    /**
     * How the search ended.
     *
     * @throws Failure if the record is damaged, or no search within this budget can have ended so
     */
    public Optional<SearchOutcome> searchOutcome(Budget budget, double sparsity) {
        return readIfThere(SEARCH_RESULT, SearchOutcome.class, outcome -> outcome.requireFits(budget, sparsity));
    }

    public void saveSearchOutcome(SearchOutcome outcome) {
        write(SEARCH_RESULT, outcome);
    }

    /** What came of comparing shares of zeros. */
    public Optional<ShareChoice> shareChoice(Budget budget) {
        return readIfThere(SHARE_CHOICE, ShareChoice.class, choice -> choice.requireFits(budget));
    }

    public void saveShareChoice(ShareChoice choice) {
        write(SHARE_CHOICE, choice);
    }

    /** @param policyFile what {@link PolicyFile} makes of the policy */
    public void savePolicy(byte[] policyFile) {
        store.write(POLICY, policyFile);
    }

    /** Whether the output is there, as the run has written it. */
    public boolean holdsOutput(Path output) {
        return Files.isDirectory(output)
                && export().filter(written -> written.isIn(output)).isPresent();
    }

    public Optional<ExportRecord> export() {
        return readIfThere(EXPORT, ExportRecord.class, export -> {});
    }

    public void saveExport(ExportRecord export) {
        write(EXPORT, export);
    }

    /** What came out, if the run is complete. */
    public <T> Optional<T> result(Class<T> type) {
        return readIfThere(RESULT, type, result -> {});
    }

    public void saveResult(Object result) {
        write(RESULT, result);
    }

    /** Whether the report is there. */
    public boolean holdsReport() {
        return store.holds(REPORT);
    }

    public void saveReport(byte[] html) {
        store.write(REPORT, html);
    }

    /** Deletes a record that was begun here and in which no stage was finished. */
    @Override
    public void close() {
        if (begun && FIRST_STAGES.stream().noneMatch(store::holds)) {
            probing.delete();
            pass.delete();
            store.closeAndDelete(WITHOUT_STAGES);
        } else {
            store.close();
        }
    }

    /** @param check throws an IllegalArgumentException if what was read cannot be of this run */
    private <T> Optional<T> readIfThere(String name, Class<T> type, Consumer<T> check) {
        if (!store.holds(name)) {
            return Optional.empty();
        }
        T contents = RecordFile.read(store.file(name), manifest.id(), type);
        try {
            check.accept(contents);
            return Optional.of(contents);
        } catch (IllegalArgumentException e) {
            throw RecordFile.damaged(store.file(name), OneLine.of(String.valueOf(e.getMessage())), e);
        }
    }

    private void write(String name, Object contents) {
        store.write(name, RecordFile.bytes(manifest.id(), contents));
    }
}
