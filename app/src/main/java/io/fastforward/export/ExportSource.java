package io.fastforward.export;

import io.fastforward.model.Model;
import io.fastforward.model.NamedTensor;
import io.fastforward.spi.format.ModelSource;
import io.fastforward.spi.model.LayerWeights;
import io.fastforward.spi.model.ModelEnds;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * A model as formats see it.
 *
 * @param model is closed with this
 */
record ExportSource(Model model) implements ModelSource {

    static ExportSource open(Path directory) {
        return new ExportSource(Model.open(directory));
    }

    @Override
    public ModelSpec spec() {
        return model.spec();
    }

    @Override
    public ModelSpec unprunedSpec() {
        return model.unprunedSpec();
    }

    @Override
    public LayerWeights layer(int layer, Arena arena) {
        return model.layer(layer, arena);
    }

    @Override
    public ModelEnds ends() {
        return model.ends();
    }

    @Override
    public SequencedMap<String, Matrix> endTensors() {
        SequencedMap<String, Matrix> tensors = new LinkedHashMap<>();
        for (NamedTensor tensor : model.endTensors()) {
            tensors.put(tensor.name(), tensor.matrix());
        }
        return tensors;
    }

    @Override
    public Path directory() {
        return model.checkpoint().directory();
    }

    @Override
    public String config(ModelSpec written, @Nullable DataType dataType) {
        return model.config(written, dataType).toPrettyString();
    }

    @Override
    public void copyCompanions(Path directory) {
        model.checkpoint().companions().copyTo(directory);
    }

    @Override
    public void close() {
        model.close();
    }
}
