package io.fastforward.agents;

import io.fastforward.spi.OptionSpec;
import io.fastforward.spi.OptionSpec.Range;
import io.fastforward.spi.Options;
import io.fastforward.spi.model.SearchSpace;
import io.fastforward.spi.search.PolicyAgent;
import java.util.List;
import java.util.stream.Stream;

/** Evolutionary search: tournaments, crossover, mutation, and the best live on (Eiben and Smith, 2015). */
public final class EvolutionAgentProvider implements PolicyAgent.Provider {

    @Override
    public String id() {
        return EvolutionAgent.KIND;
    }

    @Override
    public String description() {
        return "evolutionary search: tournaments, crossover, mutation, and the best live on (Eiben and Smith, 2015)";
    }

    @Override
    public List<OptionSpec> options() {
        return Stream.concat(
                        Start.OPTIONS.stream(),
                        Stream.of(
                                OptionSpec.wholeNumber("elites", "of a batch, how many live on", 2, Range.atLeast(0)),
                                OptionSpec.wholeNumber("tournament", "how many meet for a parent", 3, Range.atLeast(1)),
                                OptionSpec.number(
                                        "crossover", "share of children with two parents", 0.5, Range.between(0, 1)),
                                OptionSpec.number("mutation", "share of scores that mutate", 0.3, Range.between(0, 1)),
                                OptionSpec.number(
                                        "mutation-std",
                                        "standard deviation of a mutation",
                                        0.05,
                                        Range.between(1e-3, 1e3))))
                .toList();
    }

    @Override
    public PolicyAgent create(SearchSpace space, long seed, Options options) {
        return new EvolutionAgent(space, seed, options);
    }

    @Override
    public PolicyAgent.PriorUse priorUse() {
        return PolicyAgent.PriorUse.WELCOME;
    }
}
