package io.fastforward.run;

import io.fastforward.checkpoint.AtomicFile;
import io.fastforward.checkpoint.Checkpoint;
import io.fastforward.model.Model;
import io.fastforward.page.ModelCard;
import io.fastforward.record.ExportRecord;
import io.fastforward.record.FinishedRun;
import io.fastforward.spi.format.ModelFormat;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;

/** Describes a model beside it. */
final class ModelDescription {

    private ModelDescription() {}

    /**
     * Writes the model card of what a run wrote, unless there is one.
     *
     * @param runDirectory the record of the run
     * @param source what it began with
     * @param format in which it wrote
     */
    static void write(Path runDirectory, Model source, ModelFormat format, Path output) {
        Path card = output.resolve(ExportRecord.DESCRIPTION);
        if (Files.exists(card, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        Checkpoint checkpoint = source.checkpoint();
        Path directory = checkpoint.directory().toAbsolutePath().normalize();
        String name = String.valueOf(directory.getFileName());
        AtomicFile.write(
                card,
                new ModelCard(
                                FinishedRun.read(runDirectory),
                                name,
                                checkpoint.card(),
                                checkpoint.companions().names(),
                                format.loading(output))
                        .markdown());
    }
}
