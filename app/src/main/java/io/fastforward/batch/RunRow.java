package io.fastforward.batch;

import com.fasterxml.jackson.annotation.JsonSetter;
import com.fasterxml.jackson.annotation.Nulls;
import io.fastforward.evaluate.ChoiceAccuracy;
import io.fastforward.record.PruneResult;
import io.fastforward.report.Variant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A run that has ended, in a table.
 *
 * @param model which one, as the table names it
 * @param run its name below the output directory
 * @param settings in which it differs from others, by their names
 * @param figures what came out; null if it failed
 * @param seconds wall time of the work on it; null if it failed, or was done by another process that did not say
 * @param failure why it failed, in a line; null if it did not
 */
public record RunRow(
        String model,
        String run,
        Map<String, String> settings,
        @JsonSetter(nulls = Nulls.SET) @Nullable Figures figures,
        @JsonSetter(nulls = Nulls.SET) @Nullable Double seconds,
        @JsonSetter(nulls = Nulls.SET) @Nullable String failure) {

    public RunRow {
        settings = Collections.unmodifiableMap(new LinkedHashMap<>(settings));
    }

    /**
     * What came out of a run.
     *
     * @param sparsity what was removed of the decoder layers' linear parameters
     * @param parameters of the model that was written
     * @param dense perplexity of the model before pruning
     * @param cut perplexity before any repair
     * @param repaired perplexity of what was written
     * @param denseTasks share of the tasks that the model gets right before pruning; null if none were asked
     * @param tasks share that what was written gets right; null likewise
     * @param evaluations of candidates; null if a policy was given
     * @param searchTokens what the search and what it knew before took: tokens times the share of the layers that they passed;
     *     null likewise
     */
    public record Figures(
            double sparsity,
            long parameters,
            double dense,
            double cut,
            double repaired,
            @JsonSetter(nulls = Nulls.SET) @Nullable Double denseTasks,
            @JsonSetter(nulls = Nulls.SET) @Nullable Double tasks,
            @JsonSetter(nulls = Nulls.SET) @Nullable Integer evaluations,
            @JsonSetter(nulls = Nulls.SET) @Nullable Double searchTokens) {

        static Figures of(PruneResult result) {
            List<Variant> variants = result.variants(); // the dense model first; a policy cut, and written, last
            Variant written = variants.getLast();
            PruneResult.SearchSummary search = result.search();
            return new Figures(
                    result.sparsity(),
                    written.parameters(),
                    variants.getFirst().perplexity().perplexity(),
                    variants.get(variants.size() - 2).perplexity().perplexity(),
                    written.perplexity().perplexity(),
                    right(variants.getFirst().accuracy()),
                    right(written.accuracy()),
                    search == null ? null : search.evaluations(),
                    search == null ? null : search.cost() + search.priorCost());
        }

        private static @Nullable Double right(@Nullable ChoiceAccuracy accuracy) {
            return accuracy == null ? null : accuracy.accuracy();
        }
    }

    /** That of a run which came to its end. */
    static RunRow finished(PlannedRun run, PruneResult result, @Nullable Double seconds) {
        return new RunRow(run.model(), run.name(), run.settings(), Figures.of(result), seconds, null);
    }

    /** That of a run which did not. */
    static RunRow failed(PlannedRun run, String line) {
        return new RunRow(run.model(), run.name(), run.settings(), null, null, line);
    }

    /** Whether it is about some run. */
    boolean isOf(PlannedRun planned) {
        return model.equals(planned.model()) && run.equals(planned.name()) && settings.equals(planned.settings());
    }
}
