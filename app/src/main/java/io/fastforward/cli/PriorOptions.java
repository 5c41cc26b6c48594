package io.fastforward.cli;

import static java.util.Objects.requireNonNullElse;

import io.fastforward.settings.RewardMix;
import io.fastforward.settings.SearchPlan;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What a search of units knows before, and what its candidates are. */
@OptionHeading("Search")
final class PriorOptions {

    @Option(
            names = "--prior",
            paramLabel = "KIND",
            description = "What the search starts from, and is not worse than (${COMPLETION-CANDIDATES}): nothing; the"
                    + " policy of the least error by the modules' features alone; or besides, what trying single modules"
                    + " says; default: ${bundle:default.search.prior}.")
    private SearchPlan.@Nullable Prior prior;

    @Option(
            names = "--reward",
            paramLabel = "MEASURE",
            description = "What candidates are rewarded for: perplexity; kl, the divergence from the dense model's"
                    + " predictions; margin or accuracy on the questions of --reward-tasks; or several with weights, as in"
                    + " perplexity=2,accuracy=1; default: ${bundle:default.search.reward}.")
    private @Nullable String reward;

    @Option(
            names = "--reward-after",
            paramLabel = "STEP",
            description =
                    "What is done to candidates before they are evaluated (${COMPLETION-CANDIDATES}); a repair takes"
                            + " minutes where a cut takes seconds; default: ${bundle:default.search.rewardAfter}.")
    private SearchPlan.@Nullable RewardAfter rewardAfter;

    /** A plan with these. */
    SearchPlan in(SearchPlan plan) {
        return new SearchPlan(
                plan.episodes(),
                plan.finalists(),
                plan.mapping(),
                plan.schedule(),
                plan.ramp(),
                requireNonNullElse(prior, plan.prior()),
                reward == null ? plan.reward() : RewardMix.parse(reward),
                requireNonNullElse(rewardAfter, plan.rewardAfter()),
                plan.race(),
                plan.uniformFinalist(),
                plan.precision());
    }
}
