package io.fastforward.export;

import io.fastforward.spi.format.ModelSource;
import io.fastforward.testing.RandomLlama;
import io.fastforward.testkit.ModelFormatContract;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;

/** The contract for formats that go by a checkpoint's config, so that models come from real checkpoints. */
abstract class CheckpointFormatContract extends ModelFormatContract {

    private final List<ModelSource> opened = new ArrayList<>();

    @AfterEach
    final void closeSources() {
        opened.forEach(ModelSource::close);
    }

    @Override
    protected final void addFiles(Path source) {} // it takes what is there

    /** Writes a checkpoint whose layers have widths of their own, and opens it. */
    final ModelSource open(RandomLlama model, Path place) {
        ModelSource source = ExportSource.open(model.write(place));
        opened.add(source);
        return source;
    }
}
