package io.fastforward.export;

import io.fastforward.spi.format.ModelFormat;
import io.fastforward.spi.format.ModelSource;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.testing.RandomLlama;
import io.fastforward.testkit.ModelFormatContract;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;

/** The padded form has other widths than it is given, which is no matter of this contract: {@link CheckpointVariantsTest}. */
class HuggingFaceFormatTest extends ModelFormatContract {

    private final List<ModelSource> opened = new ArrayList<>();

    @AfterEach
    void closeSources() {
        opened.forEach(ModelSource::close);
    }

    @Override
    protected ModelFormat.Provider provider() {
        return new HuggingFaceFormatProvider();
    }

    @Override
    protected void addFiles(Path source) {} // it takes what is there

    @Override
    protected ModelSource source(DataType type) {
        Path directory = new RandomLlama()
                .stored(type)
                .with("model_type", "\"fastforward_llama\"")
                .with("layer_head_num", "[6, 4]")
                .with("layer_kv_head_num", "[3, 2]")
                .with("layer_inter_size", "[10, 7]")
                .write(sourceDirectory());
        ModelSource source = ExportSource.open(directory);
        opened.add(source);
        return source;
    }
}
