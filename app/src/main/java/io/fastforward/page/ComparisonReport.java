package io.fastforward.page;

import io.fastforward.evaluate.ChoiceAccuracy;
import io.fastforward.page.Chart.Kind;
import io.fastforward.page.Chart.Series;
import io.fastforward.record.FinishedRun;
import io.fastforward.record.PlanResult;
import io.fastforward.record.PruneResult;
import io.fastforward.record.SparsifyResult;
import io.fastforward.report.ShellWords;
import io.fastforward.report.Variant;
import io.fastforward.report.VariantTable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The report of several runs, side by side. */
public final class ComparisonReport {

    /** What came out of a run in the end, with what it is compared to. */
    private record Outcome(String name, Variant dense, Variant last) {

        double removed() {
            return 100 * last.sparsity();
        }

        double perplexity() {
            return last.perplexity().perplexity();
        }
    }

    private ComparisonReport() {}

    /**
     * One HTML file that needs no other, UTF-8.
     *
     * @param runs in the order in which they are shown; of plans only those that are no plans are compared
     */
    public static byte[] of(List<FinishedRun> runs) {
        Path common = common(runs);
        List<Outcome> outcomes = new ArrayList<>();
        List<String> notes = new ArrayList<>();
        List<String> commands = new ArrayList<>();
        for (FinishedRun run : runs) {
            String name = name(run, common);
            List<Variant> variants = switch (run.result()) {
                case PruneResult result -> result.variants();
                case SparsifyResult result -> result.variants();
                case PlanResult _ -> List.of();
            };
            if (variants.isEmpty()) {
                notes.add("The run in " + name + " is a plan: it wrote no model, and has a report of its own.");
            } else {
                outcomes.add(new Outcome(name, variants.getFirst(), variants.getLast()));
            }
            commands.add(ShellWords.of(
                    List.of("fastforward", "report", run.directory().toString())));
        }
        Set<Double> dense = new LinkedHashSet<>();
        outcomes.forEach(outcome -> dense.add(outcome.dense().perplexity().meanNegativeLogLikelihood()));
        if (dense.size() > 1) {
            notes.add("The dense models of these runs have different perplexities: the models or the texts differ, or"
                    + " what computed them; compare each with its own dense model.");
        }
        return PageTemplate.html(new Page(
                "Runs compared",
                runs.size() + " runs",
                "What each run ended with.",
                List.of(),
                notes,
                List.of(table(outcomes)),
                List.of(sizes(outcomes)),
                List.of(),
                commands));
    }

    /** The innermost directory that holds all records. */
    private static Path common(List<FinishedRun> runs) {
        Path common = absolute(runs.getFirst()).resolveSibling("");
        for (FinishedRun run : runs) {
            while (!absolute(run).resolveSibling("").startsWith(common)) {
                common = common.resolveSibling("");
            }
        }
        return common;
    }

    /** By which a run is told from the others: where its record lies below what holds all. */
    private static String name(FinishedRun run, Path common) {
        return common.relativize(absolute(run)).toString();
    }

    private static Path absolute(FinishedRun run) {
        return run.directory().toAbsolutePath().normalize();
    }

    private static PageTable table(List<Outcome> outcomes) {
        List<List<String>> rows = new ArrayList<>();
        for (Outcome outcome : outcomes) {
            ChoiceAccuracy accuracy = outcome.last().accuracy();
            rows.add(List.of(
                    outcome.name(),
                    outcome.last().name(),
                    String.format(Locale.ROOT, "%,d", outcome.last().parameters()),
                    String.format(Locale.ROOT, "%.1f%%", outcome.removed()),
                    VariantTable.significant(outcome.perplexity()),
                    VariantTable.significant(outcome.dense().perplexity().perplexity()),
                    accuracy == null ? "–" : accuracy.right() + " of " + accuracy.total()));
        }
        return new PageTable(
                "Figures",
                List.of("run", "model", "parameters", "removed or zero", "perplexity", "dense", "tasks right"),
                rows);
    }

    private static Chart sizes(List<Outcome> outcomes) {
        Set<Double> places = new TreeSet<>();
        outcomes.forEach(outcome -> places.add(outcome.removed()));
        List<Double> x = List.copyOf(places);
        List<Series> series = new ArrayList<>();
        for (Outcome outcome : outcomes) {
            List<@Nullable Double> values = new ArrayList<>();
            x.forEach(place -> values.add(
                    place == outcome.removed() && Double.isFinite(outcome.perplexity()) ? outcome.perplexity() : null));
            series.add(new Series(outcome.name(), values));
        }
        return new Chart(
                "Quality by size",
                "The perplexity of what each run ended with, by how much of the layers it removed; lower is better.",
                Kind.POINTS,
                "% removed or zero",
                "perplexity",
                false,
                x,
                series);
    }
}
