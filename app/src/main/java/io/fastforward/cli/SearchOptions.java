package io.fastforward.cli;

import static java.util.Objects.requireNonNullElse;

import io.fastforward.search.PolicyMapping;
import io.fastforward.search.Schedule;
import io.fastforward.settings.PrecisionChoice;
import io.fastforward.settings.SearchPlan;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How the search goes about it. */
@OptionHeading("Search")
final class SearchOptions {

    @Option(
            names = "--episodes",
            paramLabel = "N",
            description = "Candidates to try; default: ${bundle:default.search.episodes}, 180 for the demo.")
    private @Nullable Integer episodes;

    @Option(
            names = "--finalists",
            paramLabel = "N",
            description = "Best candidates that are compared in the end; default: ${bundle:default.search.finalists}.")
    private @Nullable Integer finalists;

    @Option(
            names = "--mapping",
            paramLabel = "ID",
            description = "From scores to policies: shift, headroom; default: ${bundle:default.search.mapping}.")
    private @Nullable String mapping;

    @Option(
            names = "--schedule",
            paramLabel = "KIND",
            description = "Curricula: ${COMPLETION-CANDIDATES}; default: ${bundle:default.search.schedule}.")
    private Schedule.@Nullable Kind schedule;

    @Option(
            names = "--ramp",
            paramLabel = "SHARE",
            description =
                    "Share of the search during which the curricula rise; default: ${bundle:default.search.ramp}.")
    private @Nullable Double ramp;

    @Option(
            names = "--uniform-finalist",
            arity = "1",
            paramLabel = "true|false",
            description = "Compare the uniform policy with the best ones in the end; default:"
                    + " ${bundle:default.search.uniformFinalist}.")
    private @Nullable Boolean uniformFinalist;

    @Option(
            names = "--race",
            arity = "1",
            paramLabel = "true|false",
            description = "Drop finalists that cannot win before they were compared on all windows; default:"
                    + " ${bundle:default.search.race}.")
    private @Nullable Boolean race;

    @Option(
            names = "--precision",
            paramLabel = "auto|f32|bf16",
            description = "In what precision candidates are evaluated: auto is bf16 where a trial finds that faster on"
                    + " this machine; everything else, and all figures, are in f32; default:"
                    + " ${bundle:default.search.precision}.")
    private @Nullable PrecisionChoice precision;

    SearchPlan settings(SearchPlan base) {
        return new SearchPlan(
                requireNonNullElse(episodes, base.episodes()),
                requireNonNullElse(finalists, base.finalists()),
                mapping == null ? base.mapping() : PolicyMapping.byId(mapping),
                requireNonNullElse(schedule, base.schedule()),
                requireNonNullElse(ramp, base.ramp()),
                base.prior(),
                base.reward(),
                base.rewardAfter(),
                requireNonNullElse(race, base.race()),
                requireNonNullElse(uniformFinalist, base.uniformFinalist()),
                requireNonNullElse(precision, base.precision()));
    }
}
