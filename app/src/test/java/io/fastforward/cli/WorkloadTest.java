package io.fastforward.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fastforward.checkpoint.FileHash;
import io.fastforward.failure.FailureKind;
import io.fastforward.record.RepairedMapFiles;
import io.fastforward.run.ModelWorkerOpener;
import io.fastforward.spi.search.TrialBatch;
import io.fastforward.spi.search.TrialExecutor;
import io.fastforward.spi.search.Worker;
import io.fastforward.spi.search.Workload;
import io.fastforward.spi.search.Workload.RepairedMap;
import io.fastforward.testing.PluginJar;
import io.fastforward.testing.RandomLlama;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What an executor is given is enough to evaluate trials in another process, from the model's files alone. */
class WorkloadTest {

    /** Evaluates in this process, and writes down what it was given and what came out. */
    private static final String SOURCE = """
            import io.fastforward.spi.*;
            import io.fastforward.spi.search.*;
            import java.io.*;
            import java.nio.file.*;
            import java.util.*;

            public class Recording implements TrialExecutor.Provider {
                public String id() { return "recording"; }
                public String description() { return "keeps what it was given"; }
                public List<OptionSpec> options() { return List.of(OptionSpec.text("to", "a directory", "")); }
                public TrialExecutor create(TrialExecutor.SearchProcess search, Workload workload, Options options) {
                    TrialExecutor.Evaluator local = search.local();
                    Path all = Path.of(options.text("to"));
                    int number = 0;
                    while (Files.exists(all.resolve("" + number))) number++;
                    Path to = directory(all.resolve("" + number));
                    for (Workload.RepairedMap map : workload.repairedMaps().values()) {
                        copy(Path.of(map.file()), to); // it will not stay
                    }
                    write(to.resolve("workload"), workload);
                    return new TrialExecutor() {
                        private int batches;
                        public List<Result> execute(TrialBatch batch) {
                            if (batches > 0 && Files.exists(all.resolve("fail"))) {
                                throw new IllegalStateException("this cluster is out of order");
                            }
                            List<Result> results = local.evaluate(batch);
                            write(to.resolve(batches++ + ".batch"), batch, new ArrayList<>(results));
                            return results;
                        }
                        public void close() {}
                    };
                }
                private static Path directory(Path directory) {
                    try {
                        return Files.createDirectory(directory);
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                }
                private static void copy(Path file, Path directory) {
                    try {
                        Files.copy(file, directory.resolve(file.getFileName()));
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                }
                private static void write(Path file, Object... objects) {
                    try (ObjectOutputStream out = new ObjectOutputStream(Files.newOutputStream(file))) {
                        for (Object object : objects) out.writeObject(object);
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                }
            }
            """;

    @TempDir
    private Path directory;

    private Path given() throws IOException {
        new PluginJar()
                .service(TrialExecutor.Provider.class, "Recording")
                .compiled("Recording", SOURCE)
                .write(directory.resolve("recording.jar"));
        return Files.createDirectory(directory.resolve("given"));
    }

    /** Before hours of scoring, and before anything is written. */
    @Test
    void whatIsWrongWithAnExecutorsOptionsIsToldFirst() throws IOException {
        TinyRun run = TinyRun.in(Files.createDirectory(directory.resolve("run")));
        Path missing = directory.resolve("no-launchers");
        run.command()
                .with("--executor", "process")
                .with("--option", "executor.launchers=" + missing)
                .run()
                .isRefused(FailureKind.NOT_FOUND, missing.toString());
        run.command()
                .with("--executor", "process")
                .and("--option=executor.workers=2", "--option=executor.launchers=" + missing)
                .run()
                .isRefused(FailureKind.USAGE, "leave workers out");
        assertThat(run.record()).doesNotExist();
    }

    private SmallRun recorded(TinyRun run, Path to) {
        return run.command()
                .with("--plugins", directory)
                .with("--executor", "recording")
                .and("--option", "executor.to=" + to);
    }

    @ParameterizedTest
    @ValueSource(strings = {"kv-group", "query-heads", "value-channels"})
    void isEnoughToEvaluateElsewhere(String attention) throws Exception {
        Path to = given();
        TinyRun run = TinyRun.in(Files.createDirectory(directory.resolve("run")));
        recorded(run, to).with("--attention", attention).run().succeeds();

        List<Double> probed = evaluateElsewhere(to.resolve("0"), 1);
        assertThat(run.document("nested-order.json").get("probes").findValues("divergence"))
                .extracting(JsonNode::doubleValue)
                .isEqualTo(probed)
                .hasSize(4);
        evaluateElsewhere(to.resolve("1"), 3);
    }

    /** Returns the mean losses of all candidates. */
    private static List<Double> evaluateElsewhere(Path given, int leastBatches) throws Exception {
        Workload workload = (Workload) read(given.resolve("workload")).getFirst();
        workload.files()
                .forEach((name, sha256) -> assertThat(
                                FileHash.of(Path.of(workload.model(), name)).sha256())
                        .isEqualTo(sha256));
        assertThat(workload.files()).containsKeys("config.json", "model.safetensors");
        Map<Integer, RepairedMap> copies = new HashMap<>();
        workload.repairedMaps()
                .forEach((module, map) -> copies.put(
                        module,
                        new RepairedMap(
                                map.units(),
                                given.resolve(Path.of(map.file()).getFileName()).toString(),
                                map.sha256())));
        assertThat(new RepairedMapFiles(copies).areIntact()).isTrue();
        List<Double> losses = new ArrayList<>();
        try (Worker elsewhere = new ModelWorkerOpener().open(with(copies, workload), 1, 1 << 30)) {
            List<Path> batches = batches(given);
            assertThat(batches).hasSizeGreaterThanOrEqualTo(leastBatches);
            for (Path file : batches) {
                List<Object> written = read(file);
                TrialBatch batch = (TrialBatch) written.getFirst();
                List<TrialExecutor.Result> results = elsewhere.evaluate(batch);
                assertThat(results).isEqualTo(written.getLast());
                results.forEach(result -> losses.add(result.losses().stream()
                        .mapToDouble(Double::doubleValue)
                        .average()
                        .orElseThrow()));
            }
        }
        return losses;
    }

    private static Workload with(Map<Integer, RepairedMap> maps, Workload workload) {
        return new Workload(
                workload.model(),
                workload.files(),
                workload.attentionUnit(),
                workload.order(),
                workload.windows(),
                workload.questions(),
                workload.objective(),
                maps,
                workload.backend(),
                workload.precision(),
                workload.versions());
    }

    /** 18 modules are two batches of probes; the second one fails, and is done again alone. */
    @Test
    void probesGoOnWhereTheyWereInterrupted() throws Exception {
        Path to = given();
        TinyRun run = TinyRun.of(
                Files.createDirectory(directory.resolve("run")), new RandomLlama().with("num_hidden_layers", "9"));
        recorded(run, to).run().succeeds();
        SortedMap<String, String> expected = run.outcome();
        String order = run.document("nested-order.json").toString();

        run.restore(new TreeMap<>());
        Path fail = Files.createFile(to.resolve("fail"));
        recorded(run, to).run().isRefused(FailureKind.PLUGIN, "this cluster is out of order");
        assertThat(run.files().keySet())
                .contains("out-run/scored-units.json", "out-run/probes.json", "out-run/probes/module-17.f32");
        SortedMap<String, byte[]> interrupted = run.files();
        Files.delete(fail);
        recorded(run, to).run().isRefused(FailureKind.OUTPUT_NOT_EMPTY, "holds an earlier run");
        CommandRun resumed = recorded(run, to).and("--resume").run().succeeds();
        assertThat(resumed.errors())
                .contains("Resuming after 16 of 18 modules tried")
                .noneMatch(line -> line.startsWith("Scoring units"));
        assertThat(run.outcome()).isEqualTo(expected);
        assertThat(withoutItsRun(run.document("nested-order.json").toString())).isEqualTo(withoutItsRun(order));
        assertThat(run.files().keySet()).noneMatch(name -> name.contains("probes") || name.contains("scored"));

        run.restore(interrupted);
        Files.write(run.record("probes/module-3.f32"), new byte[4]);
        assertThat(recorded(run, to).and("--resume").run().succeeds().errors())
                .anyMatch(line -> line.contains("Warning: an output map in '") && line.contains("scored once more"))
                .anyMatch(line -> line.startsWith("Scoring units"));
        assertThat(run.outcome()).isEqualTo(expected);

        run.restore(interrupted);
        ObjectNode scored = run.document("scored-units.json");
        ((ObjectNode) scored.get("maps")).remove("3");
        run.seal("scored-units.json", scored);
        recorded(run, to)
                .and("--resume")
                .run()
                .isRefused(FailureKind.BAD_RECORD, "scored-units.json' is damaged", "no output map of module 3");
    }

    /** The cluster is gone in the middle of a search: this machine goes on with it. */
    @Test
    void aRunGoesOnWithAnotherExecutor() throws Exception {
        TinyRun run = TinyRun.in(Files.createDirectory(directory.resolve("run")));
        run.command().run().succeeds();
        SortedMap<String, String> expected = run.outcome();

        Path to = given();
        run.restore(new TreeMap<>());
        Files.createFile(to.resolve("fail"));
        recorded(run, to).run().isRefused(FailureKind.PLUGIN, "this cluster is out of order");
        assertThat(run.record("search-state.json")).exists();
        run.command().with("--seed", "9").and("--resume").run().isRefused(FailureKind.BAD_RECORD, "--seed");
        assertThat(run.resume().succeeds().errors()).anyMatch(line -> line.startsWith("Resuming after episode"));
        assertThat(withoutCard(run.outcome())).isEqualTo(withoutCard(expected));
    }

    /** The model card names the settings, and who evaluated candidates is one. */
    private static SortedMap<String, String> withoutCard(SortedMap<String, String> outcome) {
        SortedMap<String, String> rest = new TreeMap<>(outcome);
        assertThat(rest.remove("out/README.md")).isNotNull();
        return rest;
    }

    private static String withoutItsRun(String document) {
        return document.replaceFirst("\"run\":\"[^\"]*\"", "");
    }

    private static List<Path> batches(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file -> file.toString().endsWith(".batch")).toList();
        }
    }

    private static List<Object> read(Path file) throws IOException, ClassNotFoundException {
        try (ObjectInputStream in = new ObjectInputStream(Files.newInputStream(file))) {
            Object first = in.readObject();
            return file.toString().endsWith(".batch") ? List.of(first, in.readObject()) : List.of(first);
        }
    }
}
