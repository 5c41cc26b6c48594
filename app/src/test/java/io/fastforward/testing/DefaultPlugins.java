package io.fastforward.testing;

import io.fastforward.plugin.PluginKind;
import io.fastforward.plugin.PluginRegistry;
import io.fastforward.spi.Options;
import io.fastforward.spi.prune.Calibrator;
import io.fastforward.spi.prune.Criterion;
import io.fastforward.spi.prune.Sparsifier;
import java.util.Map;

/** The plugins that come with the application, with the defaults of their options. */
public final class DefaultPlugins {

    private static final PluginRegistry REGISTRY = PluginRegistry.load(null);

    private DefaultPlugins() {}

    /** A criterion. */
    public static Criterion criterion(String id) {
        Criterion.Provider provider = REGISTRY.find(PluginKind.CRITERION, id);
        return provider.create(Options.defaults(provider));
    }

    /** A calibrator. */
    public static Calibrator calibrator(String id) {
        return calibrator(id, Map.of());
    }

    /** A calibrator with some options. */
    public static Calibrator calibrator(String id, Map<String, String> given) {
        Calibrator.Provider provider = REGISTRY.find(PluginKind.CALIBRATOR, id);
        return provider.create(Options.of(provider.options(), given));
    }

    /** A sparsifier. */
    public static Sparsifier sparsifier(String id) {
        Sparsifier.Provider provider = REGISTRY.find(PluginKind.SPARSIFIER, id);
        return provider.create(Options.defaults(provider));
    }
}
