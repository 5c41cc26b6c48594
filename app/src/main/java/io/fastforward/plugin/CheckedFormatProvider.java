package io.fastforward.plugin;

import static java.util.Objects.requireNonNull;

import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Reason;
import io.fastforward.spi.Options;
import io.fastforward.spi.format.Demands;
import io.fastforward.spi.format.Loading;
import io.fastforward.spi.format.ModelFormat;
import io.fastforward.spi.format.ModelSource;
import io.fastforward.spi.format.ModelWriter;
import io.fastforward.spi.format.ReadableModel;
import io.fastforward.spi.format.WriteSettings;
import io.fastforward.spi.model.LayerWeights;
import io.fastforward.spi.model.ModelSpec;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** A maker of formats whose calls are watched. */
record CheckedFormatProvider(CalledPlugin called, ModelFormat.Provider plugin)
        implements CheckedPlugin, ModelFormat.Provider {

    @Override
    public ModelFormat create(Options options) {
        return new Checked(called, called.callWithOptions("creating a format", options, () -> plugin.create(options)));
    }

    private record Checked(CalledPlugin called, ModelFormat format) implements ModelFormat {

        @Override
        public Optional<String> refusal(ModelSpec unpruned, ModelSpec model) {
            return called.call("looking at an architecture", () -> format.refusal(unpruned, model));
        }

        @Override
        public Optional<String> refusal(ModelSource source) {
            return called.call("looking at a model's files", () -> format.refusal(source));
        }

        @Override
        public Demands demands(ModelSpec unpruned) {
            return called.call("looking at an architecture", () -> format.demands(unpruned));
        }

        @Override
        public long weightBytes(ModelSource source, ModelSpec model, WriteSettings settings) {
            return called.call("adding up what it will write", () -> format.weightBytes(source, model, settings));
        }

        @Override
        public ModelWriter begin(ModelSource source, ModelSpec model, WriteSettings settings, Path directory) {
            ModelWriter writer = called.call(
                    "beginning to write",
                    () -> writing(called, directory, () -> format.begin(source, model, settings, directory)));
            return new CheckedWriter(called, directory, writer);
        }

        @Override
        public Optional<ReadableModel> open(Path directory) {
            return called.call("reading back", () -> format.open(directory));
        }

        @Override
        public List<Loading> loading(Path directory) {
            return called.call("saying how to load a model", () -> List.copyOf(format.loading(directory)));
        }
    }

    /** A disk that is full, or fails, is not the plugin's fault. */
    private static <R> R writing(CalledPlugin called, Path directory, Supplier<R> call) {
        try {
            return call.get();
        } catch (UncheckedIOException e) {
            throw FailureKind.STORAGE.failure(
                    called.kind() + " '" + called.id() + "' cannot write to '" + directory + "': "
                            + Reason.of(requireNonNull(e.getCause()))
                            + "; make room there, or choose another output directory",
                    e);
        }
    }

    private record CheckedWriter(CalledPlugin called, Path directory, ModelWriter writer) implements ModelWriter {

        @Override
        public void layer(int layer, LayerWeights weights) {
            run("writing layer " + layer, () -> writer.layer(layer, weights));
        }

        @Override
        public void finish() {
            run("completing its files", writer::finish);
        }

        @Override
        public void close() {
            run("closing", writer::close);
        }

        private void run(String doing, Runnable call) {
            called.run(
                    doing,
                    () -> writing(called, directory, () -> {
                        call.run();
                        return true;
                    }));
        }
    }
}
