package io.fastforward.gguf;

import io.fastforward.spi.format.ModelSource;
import io.fastforward.spi.format.ModelWriter;
import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.LayerSpec;
import io.fastforward.spi.model.LayerWeights;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.model.MapShape;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.model.NormWeights;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/** Writes the tensors of a model into a file. */
final class GgufWriter implements ModelWriter {

    private final FileLayout layout;
    private final @Nullable DataType dataType;
    private final TensorFile file;

    /**
     * A writer.
     *
     * @param dataType to which everything is rounded, vectors included, although those are stored in single precision; null
     *     leaves them as they are
     * @param file is closed with this
     */
    GgufWriter(FileLayout layout, @Nullable DataType dataType, TensorFile file) {
        this.layout = layout;
        this.dataType = dataType;
        this.file = file;
    }

    /** Writes what is before and after the layers. */
    void writeEnds(ModelSource source) {
        matrix(Architecture.NAMES.embedding(), source.ends().embedding(), IntUnaryOperator.identity());
        if (!layout.architecture().written().tiedEmbeddings()) {
            matrix(Architecture.NAMES.head(), source.ends().head().head().weight(), IntUnaryOperator.identity());
        }
        layout.architecture().rotaryFactors().ifPresent(this::writeFactors);
        norm(Architecture.NAMES.finalNorm(), source.ends().head().norm());
    }

    private void writeFactors(List<Float> factors) {
        try (Arena arena = Arena.ofConfined()) {
            Matrix row = Matrix.allocate(arena, DataType.F32, 1, factors.size());
            for (int i = 0; i < factors.size(); i++) {
                row.set(0, i, factors.get(i));
            }
            file.write(Architecture.ROTARY_FACTORS, row);
        }
    }

    @Override
    public void layer(int layer, LayerWeights weights) {
        int place = layout.places().indexOf(layer);
        if (place < 0) {
            return; // it does nothing
        }
        LayerSpec spec = layout.architecture().written().layers().get(place);
        module(spec.attention(), place, weights.attention());
        module(spec.mlp(), place, weights.mlp());
    }

    private void module(ModuleSpec spec, int layer, ModuleWeights weights) {
        if (spec.isIdentity()) {
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            ModuleWeights complete = weights.maps().isEmpty() ? zeros(spec, arena) : weights;
            norm(Architecture.NAMES.norm(spec, layer), complete.norm());
            for (MapShape map : spec.maps()) {
                String name = Architecture.NAMES.map(map.role(), layer);
                IntUnaryOperator order = order(spec, map.role());
                Linear linear = complete.map(map.role());
                matrix(name, linear.weight(), order);
                if (map.bias()) {
                    Matrix bias = linear.bias();
                    vector(
                            name + ".bias",
                            bias == null ? Matrix.allocate(arena, DataType.F32, 1, map.rows()) : bias,
                            order);
                }
            }
        }
    }

    /** A module that is gone and has to be there: it adds zeros, whatever is normalised. */
    private static ModuleWeights zeros(ModuleSpec spec, Arena arena) {
        Matrix norm = Matrix.allocate(arena, DataType.F32, 1, spec.hiddenSize());
        for (int i = 0; i < spec.hiddenSize(); i++) {
            norm.set(0, i, 1);
        }
        SequencedMap<MapRole, Linear> maps = new LinkedHashMap<>();
        spec.maps()
                .forEach(map -> maps.put(
                        map.role(), Linear.of(Matrix.allocate(arena, DataType.F32, map.rows(), map.columns()))));
        return new ModuleWeights(new NormWeights(norm, null), maps);
    }

    private IntUnaryOperator order(ModuleSpec spec, MapRole role) {
        boolean turned = role == MapRole.QUERY || role == MapRole.KEY;
        return turned
                        && spec instanceof AttentionSpec attention
                        && layout.architecture().kind().interleaved()
                ? new HeadRows(attention.headSize())::split
                : IntUnaryOperator.identity();
    }

    private void matrix(String name, Matrix matrix, IntUnaryOperator order) {
        file.write(name + ".weight", matrix, order);
    }

    private void norm(String name, @Nullable NormWeights norm) {
        if (norm == null) {
            throw new IllegalArgumentException(name + " is missing");
        }
        vector(name + ".weight", norm.weight(), IntUnaryOperator.identity());
    }

    private void vector(String name, Matrix vector, IntUnaryOperator order) {
        try (Arena arena = Arena.ofConfined()) {
            Matrix rounded = dataType == null ? vector : vector.copy(dataType, arena);
            Matrix ordered = Matrix.allocate(arena, DataType.F32, 1, vector.columns());
            for (int i = 0; i < vector.columns(); i++) {
                ordered.set(0, i, rounded.get(0, order.applyAsInt(i)));
            }
            file.write(name, ordered);
        }
    }

    @Override
    public void finish() {
        file.finish();
    }

    @Override
    public void close() {
        file.close();
    }
}
