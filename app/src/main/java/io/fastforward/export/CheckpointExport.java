package io.fastforward.export;

import com.fasterxml.jackson.annotation.JsonSetter;
import com.fasterxml.jackson.annotation.Nulls;
import io.fastforward.checkpoint.AtomicDirectory;
import io.fastforward.checkpoint.AtomicFile;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.model.Model;
import io.fastforward.prune.PrunedLayerSink;
import io.fastforward.spi.format.ModelFormat;
import io.fastforward.spi.format.ModelWriter;
import io.fastforward.spi.format.WriteSettings;
import io.fastforward.spi.model.LayerWeights;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.tensor.DataType;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Writes a pruned model in some format while its layers pass by. The directory appears under its name only with
 * {@link #commit()}; until then it can be read under {@link #path()}, and closing it deletes it.
 */
public final class CheckpointExport implements PrunedLayerSink, AutoCloseable {

    /**
     * How a model is written.
     *
     * @param format id of the format
     * @param dataType data type of the weights; null keeps each tensor's own
     * @param shardBytes most bytes of weights in a file
     */
    public record Settings(
            String format,
            @JsonSetter(nulls = Nulls.SET) @Nullable DataType dataType,
            long shardBytes) {

        /** The same with the format itself. */
        public Form in(ModelFormat found) {
            return new Form(found, new WriteSettings(dataType, shardBytes));
        }
    }

    /**
     * A format, and what it is told.
     *
     * @param format writes the model
     * @param settings the user's wishes
     */
    public record Form(ModelFormat format, WriteSettings settings) {

        /**
         * Makes sure that the format can hold a model, and what its directory has beside the weights.
         *
         * @throws Failure of kind {@link FailureKind#UNSUPPORTED_MODEL} if it cannot
         */
        public void requireAccepted(Model source, ModelSpec model) {
            Optional<String> refusal = format.refusal(source.unprunedSpec(), model);
            refusal.or(() -> format.refusal(new ExportSource(source))).ifPresent(reason -> {
                throw FailureKind.UNSUPPORTED_MODEL.failure(
                        source.checkpoint().directory() + " cannot be written in this format: " + reason);
            });
        }

        /** Bytes of weights that will be written. */
        public long weightBytes(Model source, ModelSpec model) {
            return format.weightBytes(new ExportSource(source), model, settings);
        }
    }

    private final AtomicDirectory directory;
    private final ModelWriter writer;

    private CheckpointExport(AtomicDirectory directory, ModelWriter writer) {
        this.directory = directory;
        this.writer = writer;
    }

    /**
     * Begins an export: everything but the layers is written.
     *
     * @param pruned the architecture of the layers that will pass by, with units as in checkpoints
     * @throws Failure if the target holds something, or cannot be written, or the format cannot hold the model
     */
    public static CheckpointExport begin(Model source, ModelSpec pruned, Path target, Form form) {
        form.requireAccepted(source, pruned);
        AtomicDirectory directory = AtomicDirectory.create(target);
        try {
            ModelWriter writer =
                    form.format().begin(new ExportSource(source), pruned, form.settings(), directory.path());
            return new CheckpointExport(directory, writer);
        } catch (Throwable e) {
            directory.close();
            throw e;
        }
    }

    /** Where the files are until they are committed. */
    public Path path() {
        return directory.path();
    }

    @Override
    public void accept(int layer, LayerWeights weights) {
        writer.layer(layer, weights);
    }

    /** Adds a small file of ours. */
    public void addFile(String name, byte[] contents) {
        AtomicFile.write(directory.path().resolve(name), contents);
    }

    /** Completes the files, once all layers have passed. */
    public void finish() {
        writer.finish();
    }

    /** Gives the directory its name. */
    public void commit() {
        directory.commit();
    }

    /** Deletes what was not committed. */
    @Override
    public void close() {
        try {
            writer.close();
        } finally {
            directory.close();
        }
    }
}
