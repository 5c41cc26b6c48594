package io.fastforward.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.export.CheckpointExport;
import io.fastforward.failure.FailureKind;
import io.fastforward.model.Model;
import io.fastforward.plugin.PluginRegistry;
import io.fastforward.report.Progress;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.testing.Failures;
import io.fastforward.testing.RandomLlama;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ExportRunTest {

    private static final String WEIGHT = "model.layers.1.mlp.down_proj.weight";

    @TempDir
    private Path directory;

    /** What is compared with the written model is rounded as it was. */
    @ParameterizedTest
    @CsvSource({
        "F32, BF16, hf",
        "F32, BF16, hf-padded",
        "F32, F16, hf",
        "F32, F16, hf-padded",
        "F16, BF16, hf",
        "BF16, F16, hf",
        "BF16, F32, hf",
    })
    void aDataTypeMayLoseBits(DataType stored, DataType asked, String format) {
        assertThat(export(new RandomLlama().stored(stored), asked, format).reloadDifference())
                .isZero();
        try (Model written = Model.open(output())) {
            assertThat(written.tensors())
                    .allSatisfy(tensor -> assertThat(tensor.matrix().type()).isEqualTo(asked));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "NaN, BF16, NaN or infinite",
        "Infinity, F32, NaN or infinite",
        "70000, F16, <export.dataType> BF16 or F32"
    })
    void weightsThatCannotBeWrittenAreRefusedBeforehand(float weight, DataType asked, String words) {
        RandomLlama model = new RandomLlama().poison(WEIGHT, weight);
        Failures.expect(FailureKind.NOT_FINITE, () -> export(model, asked, "hf"), '\'' + WEIGHT + '\'', words);
        assertThat(output()).doesNotExist();
    }

    private ExportRun.Written export(RandomLlama model, DataType asked, String format) {
        Path source = model.write(directory.resolve("source"));
        CheckpointExport.Settings settings = new CheckpointExport.Settings(format, asked, Long.MAX_VALUE);
        return ExportRun.execute(
                new ExportRun.Request(source, output(), settings, Map.of(), new Compute("cpu", 2, Long.MAX_VALUE)),
                PluginRegistry.load(null),
                Progress.silent());
    }

    private Path output() {
        return directory.resolve("output");
    }
}
