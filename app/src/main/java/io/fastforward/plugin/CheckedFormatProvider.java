package io.fastforward.plugin;

import io.fastforward.spi.Options;
import io.fastforward.spi.format.Demands;
import io.fastforward.spi.format.ModelFormat;
import io.fastforward.spi.format.ModelSource;
import io.fastforward.spi.format.ModelWriter;
import io.fastforward.spi.format.ReadableModel;
import io.fastforward.spi.format.WriteSettings;
import io.fastforward.spi.model.LayerWeights;
import io.fastforward.spi.model.ModelSpec;
import java.nio.file.Path;
import java.util.Optional;

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
        public Demands demands(ModelSpec unpruned) {
            return called.call("looking at an architecture", () -> format.demands(unpruned));
        }

        @Override
        public long weightBytes(ModelSource source, ModelSpec model, WriteSettings settings) {
            return called.call("adding up what it will write", () -> format.weightBytes(source, model, settings));
        }

        @Override
        public ModelWriter begin(ModelSource source, ModelSpec model, WriteSettings settings, Path directory) {
            return new CheckedWriter(
                    called, called.call("beginning to write", () -> format.begin(source, model, settings, directory)));
        }

        @Override
        public Optional<ReadableModel> open(Path directory) {
            return called.call("reading back", () -> format.open(directory));
        }
    }

    private record CheckedWriter(CalledPlugin called, ModelWriter writer) implements ModelWriter {

        @Override
        public void layer(int layer, LayerWeights weights) {
            called.run("writing layer " + layer, () -> writer.layer(layer, weights));
        }

        @Override
        public void finish() {
            called.run("completing its files", writer::finish);
        }

        @Override
        public void close() {
            called.run("closing", writer::close);
        }
    }
}
