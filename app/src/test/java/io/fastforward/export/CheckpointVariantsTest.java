package io.fastforward.export;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.model.Model;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.testing.Backends;
import io.fastforward.testing.Golden;
import io.fastforward.testing.RunningModel;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Checkpoints as they occur, against what transformers makes of them: read, pruned, written in both forms, read back. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class CheckpointVariantsTest {

    private static final double TOLERANCE = 1e-4; // largest difference ÷ largest logit

    private final ComputeBackend backend = Backends.cpu();

    @AfterAll
    void close() {
        backend.close();
    }

    @Test
    void thereAreVariants() {
        assertThat(GoldenVariant.all()).hasSizeGreaterThanOrEqualTo(40);
    }

    @ParameterizedTest
    @MethodSource("io.fastforward.export.GoldenVariant#all")
    void isWhatTransformersMakesOfIt(GoldenVariant variant, @TempDir Path directory) {
        Path source = variant.write(directory.resolve("source"));
        requireLogits(source, variant.tokens(), variant.logits());
        try (Model model = Model.open(source)) {
            for (HuggingFaceFormat format : HuggingFaceFormat.values()) {
                Path written = GoldenVariant.writePruned(model, format, directory.resolve(format.toString()));
                requireLogits(written, variant.tokens(), variant.prunedLogits());
                try (Model pruned = Model.open(written)) {
                    assertThat(pruned.remarks()).isEmpty();
                    assertThat(pruned.unprunedSpec()).isEqualTo(model.unprunedSpec());
                }
            }
        }
    }

    private void requireLogits(Path checkpoint, int[] tokens, float[] last) {
        float[] logits = RunningModel.logitsOf(backend, checkpoint, tokens);
        float[] compared = Arrays.copyOfRange(logits, logits.length - last.length, logits.length);
        assertThat(Golden.relativeDifference(last, compared)).isLessThan(TOLERANCE);
    }
}
