package io.fastforward.plugin;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.export.CheckpointExport;
import io.fastforward.failure.FailureKind;
import io.fastforward.model.Model;
import io.fastforward.spi.Options;
import io.fastforward.spi.format.ModelFormat;
import io.fastforward.spi.format.ModelSource;
import io.fastforward.spi.format.ModelWriter;
import io.fastforward.spi.format.WriteSettings;
import io.fastforward.spi.model.LayerWeights;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.testing.Failures;
import io.fastforward.testing.RandomLlama;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What goes wrong in a format, and whose fault it is. */
class CheckedFormatTest {

    @TempDir
    private Path directory;

    /** How a format goes wrong. */
    private enum Trouble {
        FULL_AT_ONCE,
        FULL_LATER,
        DEFECT,
        REFUSAL
    }

    @Test
    void aFullDiskIsNotThePluginsFault() {
        Failures.expect(FailureKind.STORAGE, () -> begin(Trouble.FULL_AT_ONCE), "format 'troubled'", "No space left");
        Failures.expect(FailureKind.STORAGE, () -> begin(Trouble.FULL_LATER), "format 'troubled'", "No space left");
        assertThat(directory.resolve("output")).doesNotExist();
    }

    @Test
    void otherTroubleIs() {
        Failures.expect(FailureKind.PLUGIN, () -> begin(Trouble.DEFECT), "format 'troubled'", "ArithmeticException");
    }

    @Test
    void whatIsBesideTheWeightsMayBeRefused() {
        Failures.expect(FailureKind.UNSUPPORTED_MODEL, () -> begin(Trouble.REFUSAL), "its tokenizer is odd");
    }

    private void begin(Trouble trouble) {
        var called = new CalledPlugin("format", "troubled", "here", true, "fails", List.of());
        ModelFormat format =
                new CheckedFormatProvider(called, new Troubled(trouble)).create(Options.of(List.of(), Map.of()));
        CheckpointExport.Form form = new CheckpointExport.Form(format, new WriteSettings(null, Long.MAX_VALUE));
        try (Model model = Model.open(new RandomLlama().write(directory.resolve(trouble.name())));
                CheckpointExport export =
                        CheckpointExport.begin(model, model.spec(), directory.resolve("output"), form)) {
            export.accept(0, model.layer(0));
        }
    }

    private record Troubled(Trouble trouble) implements ModelFormat.Provider, ModelFormat, ModelWriter {

        @Override
        public String id() {
            return "troubled";
        }

        @Override
        public String description() {
            return "fails";
        }

        @Override
        public ModelFormat create(Options options) {
            return this;
        }

        @Override
        public Optional<String> refusal(ModelSource source) {
            return trouble == Trouble.REFUSAL ? Optional.of("its tokenizer is odd") : Optional.empty();
        }

        @Override
        public long weightBytes(ModelSource source, ModelSpec model, WriteSettings settings) {
            return 1;
        }

        @Override
        public ModelWriter begin(ModelSource source, ModelSpec model, WriteSettings settings, Path target) {
            fail(Trouble.FULL_AT_ONCE, new UncheckedIOException(new IOException("No space left on device")));
            return this;
        }

        @Override
        public void layer(int layer, LayerWeights weights) {
            fail(Trouble.FULL_LATER, new UncheckedIOException(new IOException("No space left on device")));
            fail(Trouble.DEFECT, new ArithmeticException("divided by zero"));
        }

        private void fail(Trouble when, RuntimeException failure) {
            if (trouble == when) {
                throw failure;
            }
        }

        @Override
        public void finish() {
            throw new AssertionError("nothing is complete");
        }

        @Override
        public void close() {
            // It holds nothing.
        }
    }
}
