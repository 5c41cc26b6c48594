package io.fastforward.cli;

import static java.util.Objects.requireNonNullElse;

import io.fastforward.settings.AttentionPruning;
import io.fastforward.settings.BudgetSettings;
import io.fastforward.settings.TargetRuntime;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What must stay of a model, and what may go. */
@OptionHeading("What goes and what stays")
final class ConstraintOptions {

    @Option(
            names = "--attention",
            paramLabel = "UNITS",
            description = "What of attention may be pruned (${COMPLETION-CANDIDATES}): whole KV groups, as many query"
                    + " heads from each group of a layer, as many dimensions from each of its values, or nothing; auto:"
                    + " value-channels where format and target runtime hold them, else kv-group; default:"
                    + " ${bundle:default.budget.attention}.")
    private @Nullable AttentionPruning attention;

    @Option(
            names = "--min-retention",
            paramLabel = "SHARE",
            description = "Smallest share of its units that a module keeps; with 0 it may go altogether; default:"
                    + " ${bundle:default.budget.minimumRetention}.")
    private @Nullable Double minimumRetention;

    @Option(
            names = "--round",
            paramLabel = "N",
            description =
                    "Widths of pruned modules are multiples of N; default: ${bundle:default.budget.widthMultiple}.")
    private @Nullable Integer widthMultiple;

    @Option(
            names = "--keep-layers",
            paramLabel = "LAYERS",
            description = "Layers that are left whole, such as 0,1,30-31.")
    private @Nullable String keptLayers;

    @Option(
            names = "--target-runtime",
            paramLabel = "RUNTIME",
            description = "What the result has to run on (${COMPLETION-CANDIDATES}); any: all of them. Adds the"
                    + " constraints of that runtime; default: ${bundle:default.budget.targetRuntime}.")
    private @Nullable TargetRuntime targetRuntime;

    BudgetSettings settings(BudgetSettings base, double removed) {
        return new BudgetSettings(
                removed,
                requireNonNullElse(attention, base.attention()),
                requireNonNullElse(minimumRetention, base.minimumRetention()),
                requireNonNullElse(widthMultiple, base.widthMultiple()),
                keptLayers == null ? base.keptLayers() : LayerRanges.parse(keptLayers),
                requireNonNullElse(targetRuntime, base.targetRuntime()));
    }
}
