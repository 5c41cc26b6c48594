package io.fastforward.cli;

import static java.util.Objects.requireNonNullElse;

import io.fastforward.settings.AttentionPruning;
import io.fastforward.settings.BudgetSettings;
import io.fastforward.settings.TargetRuntime;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What has to go, and what must stay. */
final class BudgetOptions {

    @Option(
            names = "--sparsity",
            paramLabel = "S[,S...]",
            converter = Sparsities.Converter.class,
            description =
                    "Share of the decoder layers' linear parameters to remove, between 0 and 1; several with commas"
                            + " between them: one model each, named after its share below --output, from what is scored once.")
    @Nullable
    Sparsities sparsity;

    @Option(
            names = "--attention",
            paramLabel = "UNITS",
            description = "What of attention may be pruned (${COMPLETION-CANDIDATES}): whole KV groups, as many query"
                    + " heads from each group of a layer, as many dimensions from each of its values, or nothing; auto:"
                    + " value-channels where the target runtime can hold them, else kv-group; default:"
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

    /**
     * Those for every sparsity that was asked for.
     *
     * @param base what holds where no option says otherwise
     */
    List<BudgetSettings> settings(BudgetSettings base) {
        return (sparsity == null ? List.of(base.sparsity()) : sparsity.values())
                .stream().map(one -> settings(base, one)).toList();
    }

    private BudgetSettings settings(BudgetSettings base, double removed) {
        return new BudgetSettings(
                removed,
                requireNonNullElse(attention, base.attention()),
                requireNonNullElse(minimumRetention, base.minimumRetention()),
                requireNonNullElse(widthMultiple, base.widthMultiple()),
                keptLayers == null ? base.keptLayers() : LayerRanges.parse(keptLayers),
                requireNonNullElse(targetRuntime, base.targetRuntime()));
    }
}
