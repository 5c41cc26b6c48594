package io.fastforward.agents;

import io.fastforward.spi.OptionSpec;
import io.fastforward.spi.OptionSpec.Range;
import io.fastforward.spi.Options;
import io.fastforward.spi.model.SearchSpace;
import java.util.List;
import java.util.Optional;

/**
 * Where a search in the neighbourhood of some scores begins: at the prior, or at equal scores.
 *
 * @param scores one a site
 * @param deviation standard deviation of the first proposals
 */
record Start(double[] scores, double deviation) {

    static final OptionSpec BATCH =
            OptionSpec.wholeNumber("batch", "proposals evaluated together", 15, Range.atLeast(2));

    static final OptionSpec INITIAL_DEVIATION = OptionSpec.number(
            "initial-std", "standard deviation of the scores at the start", 0.3, Range.between(1e-3, 1e3));

    static final OptionSpec PRIOR_DEVIATION = OptionSpec.number(
            "prior-std", "the same where the search starts from a prior", 0.05, Range.between(1e-3, 1e3));

    /** Of the same meaning wherever they occur. */
    static final List<OptionSpec> OPTIONS = List.of(BATCH, INITIAL_DEVIATION, PRIOR_DEVIATION);

    static Start of(SearchSpace space, Options options) {
        Optional<double[]> prior = space.likely();
        return new Start(
                prior.orElseGet(() -> new double[space.sites().size()]),
                options.number(prior.isPresent() ? "prior-std" : "initial-std"));
    }
}
