package io.fastforward.plugin;

import io.fastforward.spi.Calibrator;
import io.fastforward.spi.ComputeBackend;
import io.fastforward.spi.Plugin;
import io.fastforward.spi.PolicyAgent;
import io.fastforward.spi.PruningCriterion;
import io.fastforward.spi.TrialExecutor;
import java.util.List;

/**
 * A kind of plugin.
 *
 * @param name what users call it
 * @param service the service type of its providers
 */
public record PluginKind<T extends Plugin>(String name, Class<T> service) {

    public static final PluginKind<PruningCriterion> CRITERION = new PluginKind<>("criterion", PruningCriterion.class);
    public static final PluginKind<PolicyAgent.Provider> AGENT = new PluginKind<>("agent", PolicyAgent.Provider.class);
    public static final PluginKind<Calibrator> CALIBRATOR = new PluginKind<>("calibrator", Calibrator.class);
    public static final PluginKind<ComputeBackend.Provider> BACKEND =
            new PluginKind<>("backend", ComputeBackend.Provider.class);
    public static final PluginKind<TrialExecutor.Provider> EXECUTOR =
            new PluginKind<>("executor", TrialExecutor.Provider.class);

    /** Every kind, in the order of the list of plugins. */
    public static final List<PluginKind<? extends Plugin>> ALL =
            List.of(CRITERION, AGENT, CALIBRATOR, BACKEND, EXECUTOR);
}
