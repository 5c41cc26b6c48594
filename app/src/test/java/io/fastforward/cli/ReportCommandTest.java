package io.fastforward.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fastforward.failure.FailureKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportCommandTest {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Pattern CHARTS =
            Pattern.compile("<script type=\"application/json\" id=\"charts\">(.*?)</script>", Pattern.DOTALL);
    private static final Pattern LOADED = Pattern.compile("<[^>]*\\s(?:src|href|srcset)\\s*=|@import|url\\(");

    @TempDir
    private static Path shared;

    @TempDir
    private Path directory;

    private static TinyRun run;
    private static SortedMap<String, byte[]> finished;

    @BeforeAll
    static void pruneOnce() throws IOException {
        run = TinyRun.in(shared);
        assertThat(run.command().run().succeeds().text()).contains("Report to look at: " + run.record("report.html"));
        finished = run.files();
    }

    @BeforeEach
    void restore() throws IOException {
        run.restore(finished);
    }

    private static JsonNode charts(String html) throws IOException {
        Matcher found = CHARTS.matcher(html);
        assertThat(found.find()).isTrue();
        return JSON.readTree(found.group(1));
    }

    private static JsonNode chart(JsonNode charts, String title) {
        for (JsonNode chart : charts) {
            if (chart.get("title").textValue().equals(title)) {
                return chart;
            }
        }
        throw new AssertionError("no chart " + title + " in " + charts);
    }

    @Test
    void showsWhatTheRecordHolds() throws IOException {
        String html = Files.readString(run.record("report.html"));
        JsonNode result = run.document("result.json");
        JsonNode retained = result.get("policy").get("retained");
        JsonNode kept = chart(charts(html), "What each layer keeps");
        for (int layer = 0; layer < 2; layer++) {
            assertThat(kept.get("x").get(layer).doubleValue()).isEqualTo(layer);
            assertThat(kept.at("/series/0/values/" + layer).doubleValue())
                    .isEqualTo(100.0 * retained.get(2 * layer).intValue() / 3);
            assertThat(kept.at("/series/1/values/" + layer).doubleValue())
                    .isEqualTo(100.0 * retained.get(2 * layer + 1).intValue() / 10);
        }
        JsonNode curves = run.document("nested-order.json").get("errors");
        JsonNode drawn = chart(charts(html), "What MLPs lack with fewer channels");
        assertThat(drawn.get("series")).hasSize(2);
        for (int units = 0; units < 10; units++) {
            assertThat(drawn.at("/series/1/values/" + units).doubleValue())
                    .isEqualTo(curves.get(3).get(units).doubleValue());
        }
        assertThat(drawn.at("/series/1/values/10").isNull()).isTrue(); // of 0 there is no logarithm
        List<String> trials = Files.readAllLines(run.record("trials.jsonl"));
        JsonNode search = chart(charts(html), "The search, trial by trial");
        assertThat(search.get("x")).hasSameSizeAs(trials);
        assertThat(search.at("/series/0/values/0").doubleValue())
                .isEqualTo(JSON.readTree(trials.getFirst()).get("reward").doubleValue());
        for (JsonNode variant : result.get("variants")) {
            assertThat(html).contains(">" + variant.get("name").textValue() + "<");
        }
        assertThat(result.get("samples")).hasSize(3);
        for (JsonNode sample : result.get("samples")) {
            assertThat(sample.get("beginning").textValue()).isNotBlank();
            assertThat(sample.get("dense").textValue()).isNotBlank();
            assertThat(sample.get("pruned").textValue()).isNotBlank();
        }
        assertThat(html).contains("the pruned model</th>");
        assertThat(html).contains(run.document("manifest.json").get("id").textValue());
    }

    @Test
    void needsNothingElse() throws IOException {
        String html = Files.readString(run.record("report.html"));
        String own = html.substring(0, html.indexOf("<script"));
        assertThat(own).startsWith("<!doctype html>").contains("<meta http-equiv=\"Content-Security-Policy\"");
        assertThat(LOADED.matcher(own).results()).isEmpty();
    }

    /** Whatever is in a record is text, in the page as in the data of its script. */
    @Test
    void namesAreTextWhateverIsInThem() throws IOException {
        ObjectNode result = run.document("result.json");
        ((ObjectNode) result.get("variants").get(0)).put("name", "<img src=x onerror=alert(1)>");
        ((ArrayNode) result.get("remarks")).add("</script><script>alert(2)</script>\u001b[2J\u202e");
        result.put("output", "\"'><b>");
        run.seal("result.json", result);
        CommandRun.of("report", run.record().toString()).succeeds();
        String html = Files.readString(run.record("report.html"));
        assertThat(html)
                .doesNotContain("<img", "<script>alert", "<b>", "\u001b", "\u202e")
                .contains("&lt;img src", "&lt;/script&gt;&lt;script&gt;alert(2)");
        assertThat(charts(html)).isNotEmpty();
    }

    @Test
    void comparesSeveralRuns() throws IOException {
        Path both = directory.resolve("both.html");
        List<String> command =
                List.of("report", run.record().toString(), run.record().toString());
        CommandRun.of(command.toArray(String[]::new)).isRefused(FailureKind.USAGE, "2 runs", "--output");
        List<String> complete = new ArrayList<>(command);
        complete.addAll(List.of("--output", both.toString()));
        CommandRun.of(complete.toArray(String[]::new)).succeeds();
        String html = Files.readString(both);
        assertThat(chart(charts(html), "Quality by size").get("series")).hasSize(2);
        assertThat(html).doesNotContain("different perplexities");
        CommandRun.of(complete.toArray(String[]::new)).isRefused(FailureKind.OUTPUT_NOT_EMPTY, "both.html' exists");

        ObjectNode result = run.document("result.json");
        ObjectNode figures = (ObjectNode) result.get("variants").get(0).get("perplexity");
        figures.put("meanNegativeLogLikelihood", 1);
        Path other = directory.resolve("other-run");
        Files.createDirectory(other);
        for (String name : List.of("manifest.json", "nested-order.json", "trials.jsonl", "result.json")) {
            Files.copy(run.record(name), other.resolve(name));
        }
        run.seal("result.json", result);
        // A directory that holds records stands for them.
        CommandRun.of(
                        "report",
                        directory.toString(),
                        run.record().toString(),
                        "--output",
                        directory.resolve("differing.html").toString())
                .succeeds();
        assertThat(Files.readString(directory.resolve("differing.html")))
                .contains("different perplexities", "other-run");
    }

    /** As a batch leaves them: all of them have the same name. */
    @Test
    void findsTheRecordsOfABatch() throws IOException {
        for (String point : List.of("sparsity=0.2", "sparsity=0.3")) {
            Path record = Files.createDirectories(
                    directory.resolve("model/base").resolve(point).resolve("pruned-run"));
            for (String name : List.of("manifest.json", "nested-order.json", "trials.jsonl", "result.json")) {
                Files.copy(run.record(name), record.resolve(name));
            }
        }
        Path report = directory.resolve("batch.html");
        CommandRun.of("report", directory.toString(), "--output", report.toString())
                .succeeds();
        String html = Files.readString(report);
        assertThat(html).contains(">sparsity&#x3D;0.2/pruned-run<", ">sparsity&#x3D;0.3/pruned-run<");
        assertThat(chart(charts(html), "Quality by size").at("/series/1/label").textValue())
                .isEqualTo("sparsity=0.3/pruned-run");
        JsonNode variants = run.document("result.json").get("variants");
        String perplexity =
                variants.get(variants.size() - 1).at("/perplexity/perplexity").asText();
        assertThat(html).as("what it takes to compare").contains("<td>" + perplexity.substring(0, 5));
    }

    @Test
    void whatIsNoFinishedRunIsRefused() throws IOException {
        CommandRun.of("report", directory.toString())
                .isRefused(FailureKind.NOT_FOUND, "'" + directory + "' is not the record of a run");
        CommandRun.of("report", "nowhere").isRefused(FailureKind.NOT_FOUND, "nowhere");
        Files.delete(run.record("result.json"));
        CommandRun.of("report", run.record().toString())
                .isRefused(FailureKind.BAD_RECORD, "has not come to its end", "prune");
        run.restore(finished);
        Files.writeString(run.record("result.json"), "{}");
        CommandRun.of("report", run.record().toString()).isRefused(FailureKind.BAD_RECORD, "result.json' is damaged");
    }

    /** A run of an earlier version, or whose report was deleted. */
    @Test
    void aCompleteRunIsGivenItsReportAgain() throws IOException {
        Files.delete(run.record("report.html"));
        assertThat(run.resume().succeeds().errors()).anyMatch(line -> line.contains("run is complete"));
        assertThat(run.record("report.html")).exists();
    }
}
