package io.fastforward.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fastforward.model.Model;
import io.fastforward.spi.ComputeBackend;
import io.fastforward.spi.model.AttentionUnit;
import io.fastforward.testing.Backends;
import io.fastforward.testing.Golden;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What we write, loaded by transformers itself, with its own attention and its own generation. Runs where the
 * environment variable FASTFORWARD_PYTHON names a Python that has torch and transformers.
 */
class TransformersIT {

    private static final String VARIABLE = "FASTFORWARD_PYTHON";
    private static final Path CHECK = Path.of("../scripts/golden/check_export.py");

    @ParameterizedTest
    @MethodSource("io.fastforward.export.GoldenPruning#prunings")
    void loadsAndComputesTheSame(String family, AttentionUnit unit, @TempDir Path directory)
            throws IOException, InterruptedException {
        Optional<String> python = Optional.ofNullable(System.getenv(VARIABLE));
        assumeTrue(python.isPresent(), VARIABLE + " is not set: transformers itself was not tried");
        Path pruned = directory.resolve("pruned");
        Path padded = directory.resolve("padded");
        try (ComputeBackend backend = Backends.cpu();
                Model model = Model.open(Golden.path(family))) {
            GoldenPruning pruning = GoldenPruning.of(backend, model, family, unit);
            pruning.write(backend, ExportFormat.HF, pruned);
            pruning.write(backend, ExportFormat.HF_PADDED, padded);
        }
        List<String> command = new ArrayList<>(List.of(
                python.orElseThrow(),
                CHECK.toString(),
                pruned.toString(),
                "--padded",
                padded.toString(),
                "--expected",
                Golden.path(family).resolve("pruned.json").toString()));
        if (unit == AttentionUnit.QUERY_HEAD) {
            command.add("--query-heads");
        } else {
            command.addAll(List.of(
                    "--generation",
                    Golden.path(family).resolve("generation.json").toString()));
        }
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        // Both forms, with two implementations of attention.
        assertThat(output.lines().filter(line -> line.startsWith("ok") && line.contains("logits")))
                .as(output)
                .hasSize(4);
    }
}
