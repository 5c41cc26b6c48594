package io.fastforward.page;

import com.fasterxml.jackson.databind.node.TextNode;
import com.samskivert.mustache.Mustache;
import io.fastforward.checkpoint.SourceCard;
import io.fastforward.evaluate.ChoiceAccuracy;
import io.fastforward.evaluate.Perplexity;
import io.fastforward.failure.PlainText;
import io.fastforward.record.FinishedRun;
import io.fastforward.record.PruneResult;
import io.fastforward.record.SparsifyResult;
import io.fastforward.report.Variant;
import io.fastforward.report.VariantTable;
import io.fastforward.spi.format.Loading;
import io.fastforward.tokenizer.TextSummary;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The description beside a model that a run wrote: a {@code README.md} as the Hugging Face Hub reads it, with a head in YAML. It names
 * no path of the machine, so that it can be published as it is.
 *
 * @param run that wrote the model
 * @param source name of the directory of the model that it began with
 * @param origin what that says of itself
 * @param companions names of the files that were taken over from there
 * @param loading how people load the result
 */
public record ModelCard(
        FinishedRun run, String source, SourceCard origin, List<String> companions, List<Loading> loading) {

    private static final Pattern LICENCES =
            Pattern.compile("(licen[cs]e|notice|use_policy|copying)([._-].*)?", Pattern.CASE_INSENSITIVE);

    /** What Markdown would take for something else. */
    private static final Pattern SPECIAL = Pattern.compile("[\\\\`*_\\[\\]<>|#~]");

    public ModelCard {
        companions = List.copyOf(companions);
        loading = List.copyOf(loading);
    }

    /**
     * What a kind of run says in its own words.
     *
     * @param share heading of what the variants' sparsity is
     */
    private record Kind(
            String tag,
            String title,
            String summary,
            String method,
            String share,
            List<Variant> variants,
            Map<String, TextSummary> texts,
            List<String> notes,
            String output) {}

    /** A line of the table of facts. */
    private record Fact(String name, String value) {}

    /** The file, UTF-8. */
    public byte[] markdown() {
        Kind kind = kind();
        Variant last = kind.variants.getLast();
        boolean tasks = last.accuracy() != null;
        Map<String, Object> context = Map.ofEntries(
                Map.entry("head", head(kind)),
                Map.entry("title", kind.title),
                Map.entry("summary", kind.summary),
                Map.entry("columns", columns(kind, tasks)),
                Map.entry(
                        "rows",
                        kind.variants.stream()
                                .map(variant -> row(variant, tasks))
                                .toList()),
                Map.entry("measured", measured(last, kind.texts)),
                Map.entry("notes", kind.notes),
                Map.entry("loading", loading),
                Map.entry("method", kind.method),
                Map.entry("facts", facts()),
                Map.entry("settings", run.manifest().settings().toPrettyString()),
                Map.entry("licence", licence()));
        String text = Mustache.compiler()
                .withEscaper(raw -> SPECIAL.matcher(raw).replaceAll("\\\\$0"))
                .compile(PageTemplate.template("model-card"))
                .execute(context);
        return PlainText.of(text).getBytes(StandardCharsets.UTF_8);
    }

    private Kind kind() {
        return switch (run.result()) {
            case PruneResult result -> pruned(result);
            case SparsifyResult result -> sparse(result);
            default ->
                throw new IllegalArgumentException("a run of '" + run.manifest().command() + "' writes no model");
        };
    }

    private Kind pruned(PruneResult result) {
        List<String> notes = Stream.concat(result.warnings().stream(), result.remarks().stream())
                .toList();
        return new Kind(
                "pruned",
                base() + ", " + VariantTable.percent(result.sparsity()) + " removed",
                String.format(
                        Locale.ROOT,
                        "%s with %s of the weights of its decoder layers removed (%s of all its parameters), so that it is"
                                + " smaller and faster.",
                        base(),
                        VariantTable.percent(result.sparsity()),
                        VariantTable.percent(result.parameterSparsity())),
                "FastForward removed whole units (attention heads, groups, or dimensions of values, and MLP channels) and adjusted"
                        + " what is left on calibration text in closed form; nothing was trained. `policy.json` says how many"
                        + " units each layer keeps.",
                "removed",
                result.variants(),
                result.texts(),
                notes,
                result.output());
    }

    private Kind sparse(SparsifyResult result) {
        double share = result.zeros().share();
        return new Kind(
                "sparse",
                base() + ", " + VariantTable.percent(share) + " zeros",
                base() + " with " + VariantTable.percent(share)
                        + " of the weights of its decoder layers' maps set to zero"
                        + (result.zeros().patterns().isEmpty()
                                ? ""
                                : ", in the pattern "
                                        + String.join(", ", result.zeros().patterns()))
                        + ". It has the shape of the original, and loads wherever that does.",
                "FastForward chose the zeros and the values of what is left on calibration text in closed form; nothing was"
                        + " trained.",
                "zeros",
                result.variants(),
                result.texts(),
                result.remarks(),
                result.output());
    }

    private String base() {
        return origin.hubName().orElse(source);
    }

    /** Lines of YAML. Strings of others are quoted as JSON, which YAML takes. */
    private List<String> head(Kind kind) {
        List<String> head = new ArrayList<>();
        origin.licence().ifPresent(id -> head.add("license: " + quoted(id)));
        origin.licenceName().ifPresent(name -> head.add("license_name: " + quoted(name)));
        origin.licenceLink().ifPresent(link -> head.add("license_link: " + quoted(link)));
        origin.hubName().ifPresent(name -> head.add("base_model: " + quoted(name)));
        if (loading.stream().anyMatch(way -> way.program().equals("transformers"))) {
            head.add("library_name: transformers");
        }
        head.add("pipeline_tag: text-generation");
        head.add("tags:");
        head.add("- " + kind.tag);
        head.add("- fastforward");
        return head;
    }

    private static String quoted(String text) {
        return TextNode.valueOf(text).toString();
    }

    private static List<String> columns(Kind kind, boolean tasks) {
        List<String> columns = new ArrayList<>(List.of("model", "parameters", kind.share, "perplexity"));
        if (tasks) {
            columns.add("tasks right");
        }
        return columns;
    }

    private static List<String> row(Variant variant, boolean tasks) {
        List<String> row = new ArrayList<>(List.of(
                variant.name(),
                String.format(Locale.ROOT, "%,d", variant.parameters()),
                VariantTable.percent(variant.sparsity()),
                VariantTable.significant(variant.perplexity().perplexity())));
        if (tasks) {
            ChoiceAccuracy accuracy = variant.accuracy();
            row.add(accuracy == null ? "–" : accuracy.right() + " of " + accuracy.total());
        }
        return row;
    }

    private static String measured(Variant last, Map<String, TextSummary> texts) {
        Perplexity perplexity = last.perplexity();
        String text = Optional.ofNullable(texts.get("evaluation"))
                .or(() -> Optional.ofNullable(texts.get("calibration")))
                .map(summary -> " of " + summary.file().name())
                .orElse("");
        return String.format(
                Locale.ROOT,
                "This model is the last line. Perplexity is on %,d windows of %,d tokens%s.",
                perplexity.windows(),
                perplexity.windowLength(),
                text);
    }

    private List<Fact> facts() {
        List<Fact> facts = new ArrayList<>();
        run.manifest().plugins().forEach((kind, id) -> facts.add(new Fact(kind, id)));
        facts.add(new Fact("seed", run.manifest().settings().path("seed").asText()));
        facts.add(new Fact("FastForward", run.manifest().versions().getOrDefault("fastforward", "unknown")));
        return facts;
    }

    private String licence() {
        List<String> files = companions.stream()
                .filter(name -> LICENCES.matcher(name).matches())
                .toList();
        return (origin.licence().isPresent()
                        ? "That of " + base() + ": " + origin.licence().get()
                                + origin.licenceName()
                                        .map(name -> " (" + name + ")")
                                        .orElse("") + "."
                        : "What holds for " + base() + " holds for this model; its description names no licence.")
                + (files.isEmpty() ? "" : " Its files came along: " + String.join(", ", files) + ".");
    }
}
