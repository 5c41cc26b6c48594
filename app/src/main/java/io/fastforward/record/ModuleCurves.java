package io.fastforward.record;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.fastforward.failure.Failure;
import io.fastforward.failure.OneLine;
import io.fastforward.json.StrictJson;
import io.fastforward.nested.UnitRanking;
import io.fastforward.settings.BudgetSettings;
import io.fastforward.spi.model.AttentionUnit;
import io.fastforward.spi.model.Policy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What a run learned of its modules before its search, for those who look at its record while it goes on or afterwards.
 *
 * @param unit what a unit of attention is
 * @param errors for each module, as in {@link UnitRanking}; empty if nothing was measured
 * @param divergences for each module, or empty
 * @param policy what the run ended with, if it has ended
 */
public record ModuleCurves(
        AttentionUnit unit, List<List<Double>> errors, List<Double> divergences, Optional<Policy> policy) {

    /**
     * Reads them, of a run directory.
     *
     * @throws Failure if what is there is damaged, or of another run
     */
    public static ModuleCurves read(Path runDirectory) {
        Manifest manifest = RunRecord.manifest(runDirectory);
        return ranking(runDirectory, manifest)
                .map(ranking -> new ModuleCurves(
                        unit(runDirectory, manifest),
                        ranking.errors(),
                        ranking.divergences(),
                        policy(runDirectory, manifest, ranking)))
                .orElseGet(() -> new ModuleCurves(AttentionUnit.KV_GROUP, List.of(), List.of(), Optional.empty()));
    }

    /** The ranking of units that a record holds. */
    static Optional<UnitRanking> ranking(Path runDirectory, Manifest manifest) {
        Path order = runDirectory.resolve(RunRecord.ORDER);
        if (!Files.exists(order)) {
            return Optional.empty();
        }
        UnitRanking ranking = RecordFile.read(order, manifest.id(), UnitRanking.class);
        try {
            ranking.requireConsistent();
        } catch (IllegalArgumentException e) {
            throw RecordFile.damaged(order, OneLine.of(String.valueOf(e.getMessage())), e);
        }
        return Optional.of(ranking);
    }

    /** The unit of attention of a run that ranked units. */
    static AttentionUnit unit(Path runDirectory, Manifest manifest) {
        try {
            return StrictJson.MAPPER
                    .treeToValue(manifest.settings().path("budget"), BudgetSettings.class)
                    .unit();
        } catch (JsonProcessingException e) {
            throw RecordFile.damaged(runDirectory.resolve(RunRecord.MANIFEST), StrictJson.reason(e), e);
        }
    }

    private static Optional<Policy> policy(Path runDirectory, Manifest manifest, UnitRanking ranking) {
        Path file = runDirectory.resolve(RunRecord.RESULT);
        if (!manifest.command().equals("prune") || !Files.exists(file)) {
            return Optional.empty();
        }
        Policy policy = RecordFile.read(file, manifest.id(), PruneResult.class).policy();
        requireAllowed(ranking, policy, file);
        return Optional.of(policy);
    }

    /**
     * Checks that a policy is of the modules that were ranked.
     *
     * @param file in which the policy stands
     * @throws Failure if not
     */
    static void requireAllowed(UnitRanking ranking, Policy policy, Path file) {
        if (!ranking.allows(policy)) {
            throw RecordFile.damaged(file, "its policy is of other modules than those of " + RunRecord.ORDER, null);
        }
    }
}
