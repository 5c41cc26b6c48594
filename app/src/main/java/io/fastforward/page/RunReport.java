package io.fastforward.page;

import com.fasterxml.jackson.databind.JsonNode;
import io.fastforward.checkpoint.FileHash;
import io.fastforward.evaluate.ChoiceAccuracy;
import io.fastforward.evaluate.ZeroShares;
import io.fastforward.evaluate.ZeroShares.MapZeros;
import io.fastforward.model.Model;
import io.fastforward.nested.UnitRanking;
import io.fastforward.page.Chart.Kind;
import io.fastforward.page.Chart.Series;
import io.fastforward.page.Page.Figure;
import io.fastforward.prune.ModuleRepair;
import io.fastforward.record.FinishedRun;
import io.fastforward.record.Manifest;
import io.fastforward.record.PlanResult;
import io.fastforward.record.PruneResult;
import io.fastforward.record.SparsifyResult;
import io.fastforward.report.Sample;
import io.fastforward.report.ShellWords;
import io.fastforward.report.UnitNames;
import io.fastforward.report.Variant;
import io.fastforward.report.VariantTable;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.model.Policy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The report of one run, from its record alone. */
public final class RunReport {

    private static final String NOT_THERE = "–";

    private final FinishedRun run;
    private final List<String> notes = new ArrayList<>();
    private final List<Chart> charts = new ArrayList<>();
    private final List<PageTable> details = new ArrayList<>();

    private RunReport(FinishedRun run) {
        this.run = run;
    }

    /** One HTML file that needs no other, UTF-8. */
    public static byte[] of(FinishedRun run) {
        RunReport report = new RunReport(run);
        Page page = switch (run.result()) {
            case PruneResult result -> report.pruned(result);
            case PlanResult result -> report.planned(result);
            case SparsifyResult result -> report.sparse(result);
        };
        return PageTemplate.html(page);
    }

    private Page pruned(PruneResult result) {
        Variant dense = result.variants().getFirst();
        Variant last = result.variants().getLast();
        notes.addAll(result.warnings());
        run.ranking().ifPresent(ranking -> {
            charts.add(RunCharts.retention(ranking, run.unit(), result.policy()));
            charts.addAll(RunCharts.errors(ranking, run.unit()));
            RunCharts.probes(ranking).ifPresent(charts::add);
            details.add(modules(ranking, result));
        });
        charts.addAll(RunCharts.search(run.trials()));
        RunCharts.repairs(result.repairs()).ifPresent(charts::add);
        double fewer = 1 - (double) last.parameters() / dense.parameters();
        return page(
                "Pruned model",
                result.output(),
                String.format(
                        Locale.ROOT,
                        "The pruned model has %.1f%% fewer parameters than the dense one; %s",
                        100 * fewer,
                        quality(dense, last)),
                compared(dense, last, "parameters", count(last.parameters()), "dense " + count(dense.parameters())),
                result.remarks(),
                result.samples().isEmpty()
                        ? List.of(variants(result.variants(), "removed of the layers"))
                        : List.of(variants(result.variants(), "removed of the layers"), samples(result.samples())),
                result.output(),
                true);
    }

    private Page sparse(SparsifyResult result) {
        Variant dense = result.variants().getFirst();
        Variant last = result.variants().getLast();
        ZeroShares zeros = result.zeros();
        charts.add(zeros(zeros));
        charts.addAll(RunCharts.search(run.trials()));
        return page(
                "Sparse model",
                result.output(),
                String.format(
                        Locale.ROOT,
                        "%.1f%% of the weights of the layers' maps are zero; %s",
                        100 * zeros.share(),
                        quality(dense, last)),
                compared(
                        dense,
                        last,
                        "zeros",
                        VariantTable.percent(zeros.share()),
                        zeros.patterns().isEmpty()
                                ? "in no pattern"
                                : "pattern " + String.join(", ", zeros.patterns())),
                result.remarks(),
                List.of(variants(result.variants(), "zeros")),
                result.output(),
                false);
    }

    private Page planned(PlanResult result) {
        boolean repaired = result.points().stream().anyMatch(point -> point.repairedPerplexity() != null);
        charts.add(sizes(result, repaired));
        run.ranking().ifPresent(ranking -> {
            charts.addAll(RunCharts.errors(ranking, run.unit()));
            RunCharts.probes(ranking).ifPresent(charts::add);
        });
        List<List<String>> rows = new ArrayList<>();
        for (PlanResult.Point point : result.points()) {
            rows.add(List.of(
                    VariantTable.percent(point.targetSparsity()),
                    count(point.parameters()),
                    VariantTable.megabytes(point.weightBytes()),
                    VariantTable.significant(point.perplexity()),
                    point.repairedPerplexity() == null
                            ? NOT_THERE
                            : VariantTable.significant(point.repairedPerplexity())));
        }
        notes.add(String.format(
                Locale.ROOT,
                "Perplexities are on %d windows of %d tokens%s",
                result.windows(),
                result.windowLength(),
                repaired ? "." : ", before any repair: a repaired model is better than that."));
        return page(
                "Sizes and quality",
                "plan of a model of " + count(result.denseParameters()) + " parameters",
                "What the model would be after pruning, by how much is removed.",
                List.of(
                        new Figure("dense perplexity", VariantTable.significant(result.densePerplexity()), ""),
                        new Figure("sizes", String.valueOf(result.points().size()), "evaluated")),
                result.remarks(),
                List.of(new PageTable(
                        "Sizes",
                        List.of("removed of the layers", "parameters", "weights", "perplexity, cut", "repaired"),
                        rows)),
                "",
                true);
    }

    private Page page(
            String title,
            String subtitle,
            String summary,
            List<Figure> figures,
            List<String> remarks,
            List<PageTable> results,
            String output,
            boolean curves) {
        notes.addAll(remarks);
        Manifest manifest = run.manifest();
        details.add(settings(manifest.settings()));
        details.add(files(manifest));
        details.add(pairs(
                "Run",
                new TreeMap<>(Map.of(
                        "command", manifest.command(),
                        "id", manifest.id(),
                        "started", manifest.started(),
                        "device", manifest.device(),
                        "earlier devices",
                                manifest.earlierDevices().isEmpty()
                                        ? "none"
                                        : String.join("; ", manifest.earlierDevices())))));
        details.add(pairs("Plugins", manifest.plugins()));
        details.add(pairs("Versions", manifest.versions()));
        return new Page(title, subtitle, summary, figures, notes, results, charts, details, commands(output, curves));
    }

    /**
     * @param output what was written; empty: nothing was
     * @param curves whether the record has some
     */
    private List<String> commands(String output, boolean curves) {
        String record = run.directory().toString();
        List<String> commands = new ArrayList<>();
        if (!output.isEmpty() && Model.canOpen(Path.of(output))) {
            commands.add(ShellWords.of(List.of("fastforward", "inspect", output)));
        }
        if (curves) {
            commands.add(ShellWords.of(List.of("fastforward", "inspect", record)));
        }
        commands.add(ShellWords.of(List.of("fastforward", "report", record)) + " OTHER_RUN_DIR …");
        return commands;
    }

    private static String quality(Variant dense, Variant last) {
        double before = dense.perplexity().perplexity();
        double after = last.perplexity().perplexity();
        String perplexity = String.format(
                Locale.ROOT,
                "its perplexity is %s, the dense model's %s (%+.1f%%).",
                VariantTable.significant(after),
                VariantTable.significant(before),
                100 * (after / before - 1));
        ChoiceAccuracy right = last.accuracy();
        ChoiceAccuracy denseRight = dense.accuracy();
        return right == null || denseRight == null
                ? perplexity
                : perplexity
                        + String.format(
                                Locale.ROOT,
                                " It answers %d of %d questions, the dense model %d.",
                                right.right(),
                                right.total(),
                                denseRight.right());
    }

    private static List<Figure> compared(Variant dense, Variant last, String name, String value, String note) {
        List<Figure> figures = new ArrayList<>();
        figures.add(new Figure(name, value, note));
        figures.add(new Figure(
                "perplexity",
                VariantTable.significant(last.perplexity().perplexity()),
                "dense " + VariantTable.significant(dense.perplexity().perplexity())));
        ChoiceAccuracy right = last.accuracy();
        ChoiceAccuracy denseRight = dense.accuracy();
        if (right != null && denseRight != null) {
            figures.add(new Figure(
                    "tasks right",
                    VariantTable.percent(right.accuracy()),
                    "dense " + VariantTable.percent(denseRight.accuracy())));
        }
        figures.add(new Figure(
                "tokens a second, evaluating",
                String.format(Locale.ROOT, "%,.0f", last.perplexity().tokensPerSecond()),
                String.format(
                        Locale.ROOT,
                        "dense %,.0f; measured once",
                        dense.perplexity().tokensPerSecond())));
        return figures;
    }

    private static PageTable variants(List<Variant> variants, String sparse) {
        List<List<String>> rows = new ArrayList<>();
        for (Variant variant : variants) {
            ChoiceAccuracy accuracy = variant.accuracy();
            rows.add(List.of(
                    variant.name(),
                    count(variant.parameters()),
                    VariantTable.percent(variant.sparsity()),
                    VariantTable.significant(variant.perplexity().perplexity()),
                    accuracy == null ? NOT_THERE : accuracy.right() + " of " + accuracy.total(),
                    String.format(Locale.ROOT, "%,.0f", variant.perplexity().tokensPerSecond())));
        }
        return new PageTable(
                "Figures",
                List.of("model", "parameters", sparse, "perplexity", "tasks right", "tokens a second"),
                rows);
    }

    private static PageTable samples(List<Sample> samples) {
        return new PageTable(
                "What they say",
                List.of("after", "the dense model", "the pruned model"),
                samples.stream()
                        .map(sample -> List.of(sample.beginning(), sample.dense(), sample.pruned()))
                        .toList(),
                true);
    }

    private PageTable modules(UnitRanking ranking, PruneResult result) {
        Policy policy = result.policy();
        boolean errors = result.repairs().stream().anyMatch(repair -> Double.isFinite(repair.relativeError()));
        List<String> head = new ArrayList<>(List.of("", UnitNames.plural(run.unit()) + " kept", "channels kept"));
        if (errors) {
            head.addAll(List.of("error of attention", "error of the MLP"));
        }
        List<List<String>> rows = new ArrayList<>();
        for (int layer = 0; layer < policy.layers(); layer++) {
            List<String> row = new ArrayList<>(
                    List.of("layer " + layer, kept(ranking, policy, 2 * layer), kept(ranking, policy, 2 * layer + 1)));
            if (errors) {
                row.add(repair(result.repairs(), layer, "attention"));
                row.add(repair(result.repairs(), layer, "mlp"));
            }
            rows.add(row);
        }
        return new PageTable("Modules", head, rows);
    }

    private static String kept(UnitRanking ranking, Policy policy, int module) {
        return policy.retained().get(module) + " of "
                + ranking.unitScores().get(module).size();
    }

    private static String repair(List<ModuleRepair> repairs, int layer, String module) {
        Optional<ModuleRepair> found = repairs.stream()
                .filter(repair -> repair.layer() == layer && repair.module().equals(module))
                .findFirst();
        return found.filter(repair -> Double.isFinite(repair.relativeError()))
                .map(repair -> String.format(Locale.ROOT, "%.2e", repair.relativeError()))
                .orElse(NOT_THERE);
    }

    /** Shares of zeros, of the maps of attention and of the MLP together. */
    private static Chart zeros(ZeroShares zeros) {
        int layers = zeros.maps().stream().mapToInt(MapZeros::layer).max().orElse(-1) + 1;
        long[] count = new long[2 * layers];
        long[] weights = new long[2 * layers];
        for (MapZeros map : zeros.maps()) {
            int module = 2 * map.layer() + (isAttention(map.role()) ? 0 : 1);
            count[module] += map.zeros();
            weights[module] += map.weights();
        }
        return RunCharts.byLayer(
                "Where the zeros are",
                "The share of zeros in the maps of each layer, counted in what was written.",
                "% zeros",
                layers,
                module -> weights[module] == 0 ? Double.NaN : 100.0 * count[module] / weights[module]);
    }

    private static boolean isAttention(MapRole role) {
        return switch (role) {
            case QUERY, KEY, VALUE, ATTENTION_OUTPUT -> true;
            default -> false;
        };
    }

    private static Chart sizes(PlanResult result, boolean repaired) {
        List<Double> x =
                result.points().stream().map(point -> 100 * point.sparsity()).toList();
        List<Series> series = new ArrayList<>();
        series.add(Series.of(
                "cut",
                result.points().stream().map(PlanResult.Point::perplexity).toList()));
        if (repaired) {
            List<@Nullable Double> values = new ArrayList<>();
            result.points().forEach(point -> values.add(point.repairedPerplexity()));
            series.add(new Series("cut and repaired", values));
        }
        series.add(Series.of("dense", Collections.nCopies(x.size(), result.densePerplexity())));
        return new Chart(
                "Quality by size",
                "The perplexity of the model that is left, by how much of the layers is removed; lower is better.",
                Kind.LINES,
                "% removed of the layers",
                "perplexity",
                false,
                x,
                series);
    }

    private static PageTable settings(JsonNode settings) {
        List<List<String>> rows = new ArrayList<>();
        flatten("", settings, rows);
        return new PageTable("Settings", List.of("setting", "value"), rows);
    }

    private static void flatten(String path, JsonNode node, List<List<String>> rows) {
        if (node.isObject() && !node.isEmpty()) {
            node.properties()
                    .forEach(entry -> flatten(
                            path.isEmpty() ? entry.getKey() : path + "." + entry.getKey(), entry.getValue(), rows));
        } else {
            rows.add(List.of(path, node.isValueNode() ? node.asText() : node.toString()));
        }
    }

    private static PageTable files(Manifest manifest) {
        List<List<String>> rows = new ArrayList<>();
        manifest.model().forEach(file -> rows.add(file("model", file)));
        manifest.files().forEach((role, file) -> rows.add(file(role, file)));
        return new PageTable("Files that were read", List.of("file", "for", "bytes", "SHA-256"), rows);
    }

    private static List<String> file(String role, FileHash file) {
        return List.of(file.name(), role, count(file.bytes()), file.sha256());
    }

    private static PageTable pairs(String title, Map<String, String> pairs) {
        return new PageTable(
                title,
                List.of("", ""),
                pairs.entrySet().stream()
                        .map(pair -> List.of(pair.getKey(), pair.getValue()))
                        .toList());
    }

    private static String count(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }
}
