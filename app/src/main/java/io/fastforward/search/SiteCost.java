package io.fastforward.search;

import io.fastforward.failure.FailureKind;
import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.MlpSpec;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.Site;

/**
 * What a module weighs in a {@link Budget}.
 *
 * @param kind which of a layer's modules it is
 * @param units steps in which it is taken away
 * @param featuresPerUnit what one of them counts in its width
 * @param unitParameters parameters of one of them
 * @param fixedParameters those that go with the last one alone
 */
record SiteCost(Site.Kind kind, int units, int featuresPerUnit, long unitParameters, long fixedParameters) {

    /** Of a module that loses units: its linear parameters, weights and biases. */
    static SiteCost ofUnits(ModuleSpec module) {
        return new SiteCost(
                kind(module),
                module.units(),
                module.featuresPerUnit(),
                module.parametersPerUnit(),
                module.fixedParameters());
    }

    /**
     * Of a module whose weights become zero, in equal steps.
     *
     * @throws io.fastforward.failure.Failure if it has fewer weights than there are steps
     */
    static SiteCost ofWeights(ModuleSpec module, int steps) {
        long weights = module.maps().stream()
                .mapToLong(map -> (long) map.rows() * map.columns())
                .sum();
        if (!module.isIdentity() && weights < steps) {
            throw FailureKind.UNSUPPORTED_MODEL.failure("a module with " + weights
                    + " weights cannot be made sparse in steps of 1/" + steps + " of them; leave the agent out");
        }
        return new SiteCost(kind(module), module.isIdentity() ? 0 : steps, 1, weights / steps, weights % steps);
    }

    /** Parameters of the whole module. */
    long parameters() {
        return fixedParameters + units * unitParameters;
    }

    private static Site.Kind kind(ModuleSpec module) {
        return switch (module) {
            case AttentionSpec _ -> Site.Kind.ATTENTION;
            case MlpSpec _ -> Site.Kind.MLP;
        };
    }
}
