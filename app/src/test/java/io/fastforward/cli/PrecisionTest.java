package io.fastforward.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fastforward.failure.FailureKind;
import io.fastforward.plugin.PluginKind;
import io.fastforward.plugin.PluginRegistry;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Candidates in bfloat16, on the backend that has it everywhere, and everything else as it was. */
class PrecisionTest {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String EVERYWHERE = "plain-java";

    @TempDir
    private Path directory;

    @Test
    void candidatesAreInBfloat16AndFiguresAreNot() throws IOException {
        TinyRun run = TinyRun.in(directory);
        SmallRun command = run.command().with("--device", EVERYWHERE);
        command.run().succeeds();
        List<String> single = Files.readAllLines(run.record("trials.jsonl"));
        JsonNode figures = run.document("result.json").at("/variants/0/perplexity/perplexity");
        double loss = run.document("result.json").at("/search/denseLoss").doubleValue();
        assertThat(run.document("manifest.json")
                        .at("/settings/search/precision")
                        .asText())
                .isEqualTo("F32");
        run.restore(new TreeMap<>());

        CommandRun rounded = command.with("--precision", "bf16").run().succeeds();
        assertThat(rounded.errors())
                .filteredOn(line -> line.contains("evaluated in bf16"))
                .hasSize(1);
        assertThat(run.document("manifest.json")
                        .at("/settings/search/precision")
                        .asText())
                .isEqualTo("BF16");
        assertThat(run.document("manifest.json").at("/device").asText()).contains("candidates: ");
        assertThat(Files.readAllLines(run.record("trials.jsonl")))
                .hasSameSizeAs(single)
                .isNotEqualTo(single);
        assertThat(run.document("result.json").at("/variants/0/perplexity/perplexity"))
                .as("perplexity of the dense model")
                .isEqualTo(figures);
        assertThat(run.document("result.json").at("/search/denseLoss").doubleValue())
                .as("the dense loss as the search sees it")
                .isNotEqualTo(loss)
                .isCloseTo(loss, within(0.003));
        var outcome = run.outcome();

        run.killedInTheSearch();
        command.with("--precision", "f32")
                .and("--resume")
                .run()
                .isRefused(FailureKind.BAD_RECORD, "--precision", "BF16", "F32");
        command.with("--precision", "bf16")
                .with("--threads", 1)
                .and("--resume")
                .run()
                .succeeds();
        assertThat(run.outcome()).isEqualTo(outcome);

        // Where the machine would answer otherwise, what was begun counts.
        run.killedInTheSearch();
        assertThat(command.with("--precision", "auto")
                        .and("--resume")
                        .run()
                        .succeeds()
                        .errors())
                .noneMatch(line -> line.contains("evaluated in f32"));
        assertThat(run.outcome()).isEqualTo(outcome);
    }

    /** Whatever the processor of this machine can do. */
    @Test
    void anyNumberOfThreadsMakesTheSameBytes() throws IOException {
        ComputeBackend.Provider cpu = PluginRegistry.load(null).find(PluginKind.BACKEND, "cpu");
        String device = cpu.support("cpu", Precision.BFLOAT16).available() ? "cpu" : EVERYWHERE;
        TinyRun run = TinyRun.in(directory);
        SmallRun command = run.command().with("--device", device).with("--precision", "bf16");
        command.with("--threads", 1).run().succeeds();
        List<String> trials = Files.readAllLines(run.record("trials.jsonl"));
        var outcome = run.outcome();
        run.restore(new TreeMap<>());
        command.with("--threads", 3).run().succeeds();
        assertThat(Files.readAllLines(run.record("trials.jsonl"))).isEqualTo(trials);
        assertThat(run.outcome()).isEqualTo(outcome);
    }

    @Test
    void autoSaysWhatItFindsAndRecordsIt() throws IOException {
        TinyRun run = TinyRun.in(directory);
        SmallRun command = run.command().with("--device", EVERYWHERE).with("--precision", "auto");
        assertThat(command.run().succeeds().errors())
                .filteredOn(line -> line.contains("evaluated in f32: "))
                .singleElement()
                .asString()
                .contains("slower");
        assertThat(run.document("manifest.json")
                        .at("/settings/search/precision")
                        .asText())
                .isEqualTo("F32");
        run.killedInTheSearch();
        run.command().with("--device", EVERYWHERE).and("--resume").run().succeeds();
    }

    @Test
    void candidatesThatAreRepairedAreInSinglePrecision() throws IOException {
        TinyRun run = TinyRun.in(directory);
        run.command()
                .with("--reward-after", "repair")
                .with("--precision", "bf16")
                .run()
                .isRefused(FailureKind.USAGE, "--precision bf16", "--reward-after");
        assertThat(run.record()).doesNotExist();
    }

    @Test
    void aPlanShowsFiguresOfSinglePrecision() throws IOException {
        Path model = TinyRun.in(directory).command().model();
        JsonNode single = plan(model, "single", "f32");
        JsonNode rounded = plan(model, "rounded", "bf16");
        assertThat(rounded.at("/densePerplexity")).isEqualTo(single.at("/densePerplexity"));
        assertThat(rounded.at("/points/0/policy")).isEqualTo(single.at("/points/0/policy"));
        assertThat(rounded.at("/points/0/perplexity").doubleValue())
                .isCloseTo(
                        single.at("/points/0/perplexity").doubleValue(),
                        within(1e-6 * single.at("/points/0/perplexity").doubleValue()));
        assertThat(rounded.at("/cost").doubleValue())
                .as("what was evaluated twice costs twice")
                .isGreaterThan(single.at("/cost").doubleValue());
    }

    private JsonNode plan(Path model, String record, String precision) throws IOException {
        CommandRun.of(
                        "plan",
                        model.toString(),
                        "--calibration",
                        directory.resolve("text").toString(),
                        "--window",
                        "32",
                        "--scoring-windows",
                        "4",
                        "--reward-windows",
                        "3",
                        "--sparsity",
                        "0.3",
                        "--device",
                        EVERYWHERE,
                        "--precision",
                        precision,
                        "--run-dir",
                        directory.resolve(record).toString())
                .succeeds();
        return JSON.readTree(directory.resolve(record).resolve("result.json").toFile());
    }

    @Test
    void aSearchOfSharesIsInBfloat16() throws IOException {
        Path model = TinyRun.in(directory).command().model();
        JsonNode single = sparsify(model, "single", "f32");
        JsonNode rounded = sparsify(model, "rounded", "bf16");
        assertThat(rounded.at("/variants/0")).isNotEmpty();
        assertThat(rounded.at("/variants/0/perplexity/perplexity"))
                .isEqualTo(single.at("/variants/0/perplexity/perplexity"));
        double loss = single.at("/search/denseLoss").doubleValue();
        assertThat(rounded.at("/search/denseLoss").doubleValue())
                .isNotEqualTo(loss)
                .isCloseTo(loss, within(0.003));
        assertThat(JSON.readTree(directory.resolve("rounded-run/manifest.json").toFile())
                        .at("/settings/search/plan/precision")
                        .asText())
                .isEqualTo("BF16");
    }

    private JsonNode sparsify(Path model, String output, String precision) throws IOException {
        CommandRun.of(
                        "sparsify",
                        model.toString(),
                        "--calibration",
                        directory.resolve("text").toString(),
                        "--window",
                        "32",
                        "--calibration-windows",
                        "8",
                        "--reward-windows",
                        "2",
                        "--evaluation-windows",
                        "4",
                        "--method",
                        "magnitude",
                        "--pattern",
                        "0.5",
                        "--agent",
                        "ppo",
                        "--episodes",
                        "4",
                        "--device",
                        EVERYWHERE,
                        "--precision",
                        precision,
                        "--output",
                        directory.resolve(output).toString())
                .succeeds();
        return JSON.readTree(directory.resolve(output + "-run/result.json").toFile());
    }
}
