package io.fastforward.cli;

import io.fastforward.json.StrictJson;
import io.fastforward.settings.PruneSettings;
import io.fastforward.settings.Recipe;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Lists the recipes, or prints one as the file that it is. */
@Command(
        name = "recipes",
        description = {
            "Lists the recipes of 'prune': what each of them scores, prunes, allocates and repairs with, and its source.",
            "With a NAME, prints that one as a file, to begin one of your own with."
        },
        mixinStandardHelpOptions = true)
final class RecipesCommand implements Runnable {

    @Parameters(paramLabel = "NAME|FILE", arity = "0..1", description = "The recipe to print.")
    private @Nullable String name;

    @Mixin
    private CommonOptions common;

    @SuppressWarnings("NullAway.Init") // picocli fills in the fields
    RecipesCommand() {}

    /**
     * What a recipe stands for.
     *
     * @param name by which --recipe takes it
     * @param summary in a sentence
     * @param criterion scores units
     * @param attention what of attention may go
     * @param agent says how much each layer keeps
     * @param calibrator repairs what is left
     * @param repairTarget what repaired modules reproduce
     * @param options of plugins
     * @param source publication
     */
    record Line(
            String name,
            String summary,
            String criterion,
            String attention,
            String agent,
            String calibrator,
            String repairTarget,
            Map<String, String> options,
            String source) {

        static Line of(Recipe recipe) {
            PruneSettings settings = recipe.applyTo(PruneSettings.DEFAULT);
            return new Line(
                    recipe.name(),
                    recipe.summary(),
                    settings.plugins().criterion(),
                    settings.budget().prunedAttention().toString(),
                    settings.plugins().agent(),
                    settings.plugins().calibrator(),
                    settings.repair().target().name().toLowerCase(Locale.ROOT),
                    settings.plugins().options(),
                    recipe.source());
        }
    }

    @Override
    public void run() {
        if (name != null) {
            common.out().println(StrictJson.pretty(Recipe.find(name)));
            return;
        }
        List<Line> lines = Recipe.builtIn().stream().map(Line::of).toList();
        common.print(lines, out -> lines.forEach(line -> print(line, out)));
    }

    private static void print(Line line, PrintWriter out) {
        out.printf(Locale.ROOT, "%-12s %s%n", line.name(), line.summary());
        out.printf(
                Locale.ROOT,
                "             criterion: %s; attention: %s; allocation: %s; repair: %s, target %s%n",
                line.criterion(),
                line.attention(),
                line.agent(),
                line.calibrator(),
                line.repairTarget());
        line.options().forEach((option, value) -> out.println("             " + option + "=" + value));
        out.println("             source: " + line.source());
    }
}
