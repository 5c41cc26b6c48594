package io.fastforward.plugin;

import io.fastforward.spi.Plugin;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.format.ModelFormat;
import io.fastforward.spi.prune.Calibrator;
import io.fastforward.spi.prune.Criterion;
import io.fastforward.spi.prune.Sparsifier;
import io.fastforward.spi.search.PolicyAgent;
import io.fastforward.spi.search.TrialExecutor;
import java.util.List;
import java.util.function.BiFunction;

/**
 * A kind of plugin.
 *
 * @param name what users call it
 * @param service the service type of its providers
 * @param check gives a provider that does what the given one does, as long as that keeps to its contract
 */
public record PluginKind<T extends Plugin>(String name, Class<T> service, BiFunction<CalledPlugin, T, T> check) {

    public static final PluginKind<Criterion.Provider> CRITERION =
            new PluginKind<>("criterion", Criterion.Provider.class, CheckedCriterionProvider::new);
    public static final PluginKind<PolicyAgent.Provider> AGENT =
            new PluginKind<>("agent", PolicyAgent.Provider.class, CheckedAgentProvider::new);
    public static final PluginKind<Calibrator.Provider> CALIBRATOR =
            new PluginKind<>("calibrator", Calibrator.Provider.class, CheckedCalibratorProvider::new);
    public static final PluginKind<Sparsifier.Provider> SPARSIFIER =
            new PluginKind<>("sparsifier", Sparsifier.Provider.class, CheckedSparsifierProvider::new);
    public static final PluginKind<ComputeBackend.Provider> BACKEND =
            new PluginKind<>("backend", ComputeBackend.Provider.class, CheckedBackendProvider::new);
    public static final PluginKind<LinearAlgebra.Provider> LINEAR_ALGEBRA =
            new PluginKind<>("linear-algebra", LinearAlgebra.Provider.class, CheckedLinearAlgebraProvider::new);
    public static final PluginKind<TrialExecutor.Provider> EXECUTOR =
            new PluginKind<>("executor", TrialExecutor.Provider.class, CheckedExecutorProvider::new);
    public static final PluginKind<ModelFormat.Provider> FORMAT =
            new PluginKind<>("format", ModelFormat.Provider.class, CheckedFormatProvider::new);

    /** Every kind, in the order of the list of plugins. */
    public static final List<PluginKind<? extends Plugin>> ALL =
            List.of(CRITERION, AGENT, CALIBRATOR, SPARSIFIER, BACKEND, LINEAR_ALGEBRA, EXECUTOR, FORMAT);
}
