package io.fastforward.cli;

import io.fastforward.settings.BudgetSettings;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What has to go, and what must stay. */
@OptionHeading("What goes and what stays")
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

    @Mixin
    private ConstraintOptions constraints;

    @SuppressWarnings("NullAway.Init") // picocli fills in the fields
    BudgetOptions() {}

    /**
     * Those for every sparsity that was asked for.
     *
     * @param base what holds where no option says otherwise
     */
    List<BudgetSettings> settings(BudgetSettings base) {
        return (sparsity == null ? List.of(base.sparsity()) : sparsity.values())
                .stream().map(one -> constraints.settings(base, one)).toList();
    }
}
