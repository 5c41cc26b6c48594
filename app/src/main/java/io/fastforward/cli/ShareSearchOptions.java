package io.fastforward.cli;

import static java.util.Objects.requireNonNullElse;

import io.fastforward.settings.SearchPlan;
import io.fastforward.settings.ShareSearch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** How zeros are shared among modules. */
@OptionHeading("Search")
final class ShareSearchOptions {

    private static final ShareSearch BASE = ShareSearch.DEFAULT;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    @Option(
            names = "--agent",
            paramLabel = "ID",
            description = "Search how many zeros the attention and the MLP of each layer get, instead of the same"
                    + " everywhere; 'plugins' lists all agents.")
    private @Nullable String agent;

    @Option(
            names = "--search-method",
            paramLabel = "ID",
            description = "The sparsifier by which the search compares; best one that takes no time; default:"
                    + " ${bundle:sparsify.search.method}.")
    private @Nullable String method;

    @Option(
            names = "--min-retention",
            paramLabel = "SHARE",
            description = "Smallest share of its weights that the search leaves a module; default:"
                    + " ${bundle:sparsify.search.minimumRetention}.")
    private @Nullable Double minimumRetention;

    @Option(
            names = "--keep-layers",
            paramLabel = "LAYERS",
            description = "Layers that the search leaves dense, such as 0,1,30-31.")
    private @Nullable String keptLayers;

    @Mixin
    private SearchOptions plan;

    @Mixin
    private RewardWindowOptions windows;

    @SuppressWarnings("NullAway.Init") // picocli fills in the fields
    ShareSearchOptions() {}

    /** None without an agent. */
    @Nullable
    ShareSearch settings() {
        SearchPlan asked = plan.settings(BASE.plan());
        boolean others = method != null
                || minimumRetention != null
                || keptLayers != null
                || windows.given()
                || !asked.equals(BASE.plan());
        if (agent == null) {
            if (others) {
                throw new ParameterException(
                        command.commandLine(),
                        "options of the search need --agent ID, ppo say; without it there is none");
            }
            return null;
        }
        return new ShareSearch(
                agent,
                requireNonNullElse(method, BASE.method()),
                requireNonNullElse(minimumRetention, BASE.minimumRetention()),
                keptLayers == null ? BASE.keptLayers() : LayerRanges.parse(keptLayers),
                asked);
    }

    RewardWindowOptions windows() {
        return windows;
    }
}
