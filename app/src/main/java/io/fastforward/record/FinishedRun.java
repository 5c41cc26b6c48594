package io.fastforward.record;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.OneLine;
import io.fastforward.nested.UnitRanking;
import io.fastforward.search.TrialRecord;
import io.fastforward.spi.model.AttentionUnit;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The record of a run that came to its end, for those who look at it afterwards.
 *
 * @param directory where it is
 * @param unit what a unit of attention is
 * @param ranking of the units; none if the run did not rank any
 * @param trials of the search, in their order, as far as their records are whole
 */
public record FinishedRun(
        Path directory,
        Manifest manifest,
        RunResult result,
        AttentionUnit unit,
        Optional<UnitRanking> ranking,
        List<TrialRecord> trials) {

    public FinishedRun {
        trials = List.copyOf(trials);
    }

    /**
     * Reads it.
     *
     * @throws Failure if there is no such record, the run has not ended, or a file of it is damaged
     */
    public static FinishedRun read(Path directory) {
        if (!RunRecord.holdsRun(directory)) {
            throw FailureKind.NOT_FOUND.failure("'" + directory
                    + "' is not the record of a run; name the directory that a command calls 'Record of the run'");
        }
        Manifest manifest = RunRecord.manifest(directory);
        Path file = directory.resolve(RunRecord.RESULT);
        if (!Files.exists(file)) {
            throw FailureKind.BAD_RECORD.failure("the run in '" + directory + "' has not come to its end; run '"
                    + manifest.command() + "' again to go on with it");
        }
        RunResult result = RecordFile.read(file, manifest.id(), type(manifest, directory));
        Optional<UnitRanking> ranking = ModuleCurves.ranking(directory, manifest);
        if (result instanceof PruneResult pruned) {
            ranking.ifPresent(ranked -> ModuleCurves.requireAllowed(ranked, pruned.policy(), file));
        }
        return new FinishedRun(
                directory,
                manifest,
                result,
                ranking.isPresent() ? ModuleCurves.unit(directory, manifest) : AttentionUnit.KV_GROUP,
                ranking,
                Trials.read(directory.resolve(Trials.FILE)));
    }

    private static Class<? extends RunResult> type(Manifest manifest, Path directory) {
        return switch (manifest.command()) {
            case "prune" -> PruneResult.class;
            case "plan" -> PlanResult.class;
            case "sparsify" -> SparsifyResult.class;
            default ->
                throw RecordFile.damaged(
                        directory.resolve(RunRecord.MANIFEST),
                        "there is no command '" + OneLine.of(manifest.command()) + "' with a record",
                        null);
        };
    }
}
