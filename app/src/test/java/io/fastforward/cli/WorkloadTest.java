package io.fastforward.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.checkpoint.FileHash;
import io.fastforward.forward.Decoder;
import io.fastforward.forward.LayerSource;
import io.fastforward.model.Model;
import io.fastforward.nested.NestedModel;
import io.fastforward.nested.NestedOrder;
import io.fastforward.plugin.PluginKind;
import io.fastforward.plugin.PluginRegistry;
import io.fastforward.run.stage.RewardEvaluator;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.search.TrialBatch;
import io.fastforward.spi.search.TrialExecutor;
import io.fastforward.spi.search.Workload;
import io.fastforward.testing.PluginJar;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
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
                public TrialExecutor create(TrialExecutor.Evaluator local, Workload workload, Options options) {
                    Path to = Path.of(options.text("to"));
                    write(to.resolve("workload"), workload);
                    return new TrialExecutor() {
                        private int batches;
                        public List<Result> execute(TrialBatch batch) {
                            List<Result> results = local.evaluate(batch);
                            write(to.resolve(batches++ + ".batch"), batch, new ArrayList<>(results));
                            return results;
                        }
                        public void close() {}
                    };
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

    @ParameterizedTest
    @ValueSource(strings = {"kv-group", "query-heads", "value-channels"})
    void isEnoughToEvaluateElsewhere(String attention) throws Exception {
        new PluginJar()
                .service(TrialExecutor.Provider.class, "Recording")
                .compiled("Recording", SOURCE)
                .write(directory.resolve("recording.jar"));
        Path to = Files.createDirectory(directory.resolve("given"));
        TinyRun.in(Files.createDirectory(directory.resolve("run")))
                .command()
                .with("--plugins", directory)
                .with("--executor", "recording")
                .with("--attention", attention)
                .and("--option", "executor.to=" + to)
                .run()
                .succeeds();

        Workload workload = (Workload) read(to.resolve("workload")).getFirst();
        workload.files()
                .forEach((name, sha256) -> assertThat(
                                FileHash.of(Path.of(workload.model(), name)).sha256())
                        .isEqualTo(sha256));
        assertThat(workload.files()).containsKeys("config.json", "model.safetensors");
        ComputeBackend.Provider cpu = PluginRegistry.load(null).find(PluginKind.BACKEND, "cpu");
        try (ComputeBackend backend = cpu.open(1);
                Model model = Model.open(Path.of(workload.model()))) {
            ModelSpec spec = model.spec().withAttentionUnit(workload.attentionUnit());
            NestedModel nested = new NestedModel(spec, model, new NestedOrder(workload.order()));
            try (LayerSource layers = LayerSource.resident(backend, spec, nested);
                    Decoder decoder = new Decoder(backend, layers, model.ends(), 1 << 20)) {
                RewardEvaluator elsewhere = new RewardEvaluator(decoder, workload);
                List<Path> batches = batches(to);
                assertThat(batches).hasSizeGreaterThan(1);
                for (Path file : batches) {
                    List<Object> written = read(file);
                    TrialBatch batch = (TrialBatch) written.getFirst();
                    assertThat(elsewhere.evaluate(batch)).isEqualTo(written.getLast());
                }
            }
        }
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
