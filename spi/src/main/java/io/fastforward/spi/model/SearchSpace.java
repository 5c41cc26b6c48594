package io.fastforward.spi.model;

import java.util.List;
import java.util.stream.IntStream;

/**
 * What an agent chooses: one raw retention score for each site.
 *
 * @param sites the modules that can be pruned, in the order of a {@link Policy}: attention of layer 0, MLP of layer 0,
 *     attention of layer 1, and so on
 * @param targetSparsity share of the decoder layers' linear parameters to remove in the end, in (0, 1)
 */
public record SearchSpace(List<Site> sites, double targetSparsity) {

    public SearchSpace {
        sites = List.copyOf(sites);
        if (sites.isEmpty() || !(targetSparsity > 0 && targetSparsity < 1)) {
            throw new IllegalArgumentException(
                    "bad search space: " + sites.size() + " sites, target sparsity " + targetSparsity);
        }
    }

    /** The space of all modules of a model. */
    public static SearchSpace of(List<? extends ModuleSpec> modules, double targetSparsity) {
        return new SearchSpace(
                IntStream.range(0, modules.size())
                        .mapToObj(i -> site(i / 2, modules.get(i)))
                        .toList(),
                targetSparsity);
    }

    private static Site site(int layer, ModuleSpec module) {
        Site.Kind kind = switch (module) {
            case AttentionSpec _ -> Site.Kind.ATTENTION;
            case MlpSpec _ -> Site.Kind.MLP;
        };
        return new Site(layer, kind, module.units(), module.parametersPerUnit());
    }
}
