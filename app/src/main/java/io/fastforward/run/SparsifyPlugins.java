package io.fastforward.run;

import io.fastforward.export.CheckpointExport.Form;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Setting;
import io.fastforward.plugin.PluginKind;
import io.fastforward.plugin.PluginRegistry;
import io.fastforward.prune.LayerInput;
import io.fastforward.prune.ModulePatterns;
import io.fastforward.prune.Sparsification;
import io.fastforward.settings.ShareSearch;
import io.fastforward.settings.SparsifySettings;
import io.fastforward.spi.Options;
import io.fastforward.spi.Plugin;
import io.fastforward.spi.format.ModelFormat;
import io.fastforward.spi.model.SearchSpace;
import io.fastforward.spi.prune.Sparsifier;
import io.fastforward.spi.search.PolicyAgent;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The plugins that set weights to zero, with the user's options for them. */
final class SparsifyPlugins {

    private final PluginRegistry plugins;
    private final SparsifySettings settings;
    private final Sparsifier sparsifier;
    private final Form form;

    /**
     * Finds the plugins that the settings name.
     *
     * @throws Failure if one is not to be had, an option has a bad value, or is for no plugin
     */
    SparsifyPlugins(PluginRegistry plugins, SparsifySettings settings) {
        this.plugins = plugins;
        this.settings = settings;
        List<PluginKind<?>> kinds = new ArrayList<>(List.of(PluginKind.SPARSIFIER, PluginKind.FORMAT));
        ShareSearch search = settings.search();
        if (search != null) {
            kinds.add(PluginKind.AGENT);
        }
        GivenOptions.requireKinds(settings.options(), kinds);
        Sparsifier.Provider sparsifiers = plugins.find(PluginKind.SPARSIFIER, settings.method());
        sparsifier = sparsifiers.create(options(PluginKind.SPARSIFIER, sparsifiers));
        ModelFormat.Provider formats =
                plugins.find(PluginKind.FORMAT, settings.export().format());
        form = settings.export().in(formats.create(options(PluginKind.FORMAT, formats)));
        if (search != null) {
            PolicyAgent.Provider agents = plugins.find(PluginKind.AGENT, search.agent());
            options(PluginKind.AGENT, agents);
            if (agents.priorUse() == PolicyAgent.PriorUse.NEEDED) {
                throw FailureKind.USAGE.failure(Setting.SHARE_AGENT + " " + agents.id()
                        + " proposes what is known before a search; of zeros nothing is. Choose " + Setting.SHARE_AGENT
                        + " ppo, which searches from nothing, or threshold");
            }
            preview(search);
        }
    }

    /** What sets those by which candidates are compared; with options only if it is the same. */
    Sparsifier preview(ShareSearch search) {
        if (search.method().equals(settings.method())) {
            return sparsifier;
        }
        Sparsifier.Provider found = plugins.find(PluginKind.SPARSIFIER, search.method());
        return found.create(Options.defaults(found));
    }

    /** How maps get zeros of some patterns. */
    Sparsification sparsification(ModulePatterns patterns) {
        return new Sparsification(sparsifier, patterns, settings.layerInput(), settings.refit());
    }

    /**
     * Checks that as many layers can be sparsified at a time.
     *
     * @throws Failure if they depend on each other
     */
    void requireLayersAtOnce(int layers) {
        ModulePatterns everywhere = ModulePatterns.everywhere(settings.zeros());
        if (layers > 1 && !sparsification(everywhere).layersAreIndependent()) {
            throw FailureKind.USAGE.failure(
                    Setting.LAYERS_AT_ONCE + " is " + layers + ", but with " + Setting.LAYER_INPUT
                            + " " + settings.layerInput()
                            + " a layer is sparsified on what the sparse ones before it make, so one"
                            + " after the other; use " + Setting.LAYER_INPUT + " " + LayerInput.DENSE_MODEL);
        }
    }

    /** How the result is written. */
    Form form() {
        return form;
    }

    /** A new agent. */
    PolicyAgent createAgent(ShareSearch search, SearchSpace space) {
        PolicyAgent.Provider agents = plugins.find(PluginKind.AGENT, search.agent());
        return agents.create(space, settings.seed(), options(PluginKind.AGENT, agents));
    }

    /** Ids, for the manifest. */
    Map<String, String> describe() {
        Map<String, String> ids = new TreeMap<>(Map.of("sparsifier", settings.method()));
        ShareSearch search = settings.search();
        if (search != null) {
            ids.put("agent", search.agent());
            ids.put("preview", search.method());
        }
        return ids;
    }

    private Options options(PluginKind<?> kind, Plugin plugin) {
        return GivenOptions.of(settings.options(), kind, plugin);
    }
}
