package io.fastforward.gguf;

import io.fastforward.spi.format.ReadableModel;
import io.fastforward.spi.model.Activation;
import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.AttentionUnit;
import io.fastforward.spi.model.HeadWeights;
import io.fastforward.spi.model.LayerSpec;
import io.fastforward.spi.model.LayerWeights;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.model.MapShape;
import io.fastforward.spi.model.MlpSpec;
import io.fastforward.spi.model.ModelEnds;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.model.NormWeights;
import io.fastforward.spi.model.Normalization;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/** A model in a GGUF file, as far as we write such: read by the keys and tensors of the file alone, as llama.cpp does. */
final class GgufModel implements ReadableModel {

    private final Arena arena;
    private final StoredFile file;
    private final Architecture.Kind kind;
    private final ModelSpec spec;

    private GgufModel(Arena arena, StoredFile file) {
        this.arena = arena;
        this.file = file;
        this.kind = kind(file);
        this.spec = spec(file, kind);
    }

    /**
     * Opens a file.
     *
     * @throws IllegalArgumentException if it is damaged, or not one that we would write
     */
    static GgufModel open(Path path) {
        Arena arena = Arena.ofShared();
        try {
            return new GgufModel(arena, StoredFile.open(path, arena));
        } catch (Throwable e) {
            arena.close();
            throw e;
        }
    }

    private static Architecture.Kind kind(StoredFile file) {
        String id = file.value("general.architecture", MetadataValue.Text.class).value();
        for (Architecture.Kind kind : Architecture.Kind.values()) {
            if (kind.id().equals(id)) {
                return kind;
            }
        }
        throw new IllegalArgumentException("the architecture " + id + " is none that is written");
    }

    private static ModelSpec spec(StoredFile file, Architecture.Kind kind) {
        String prefix = kind.id() + ".";
        int layers = count(file, prefix + "block_count");
        int hidden = count(file, prefix + "embedding_length");
        int headSize = count(file, prefix + "rope.dimension_count");
        Normalization normalization = new Normalization(
                Normalization.Kind.RMS,
                file.value(prefix + "attention.layer_norm_rms_epsilon", MetadataValue.Real.class)
                        .value());
        RotaryKeys rotary = rotary(file, prefix, headSize);
        List<Integer> heads = widths(file, prefix + "attention.head_count", layers);
        List<Integer> groups = widths(file, prefix + "attention.head_count_kv", layers);
        List<Integer> channels = widths(file, prefix + "feed_forward_length", layers);
        List<LayerSpec> specs = new ArrayList<>();
        for (int i = 0; i < layers; i++) {
            AttentionSpec attention = new AttentionSpec(
                    normalization,
                    hidden,
                    headSize,
                    headSize,
                    groups.get(i),
                    groups.get(i) == 0 ? 0 : heads.get(i) / groups.get(i),
                    rotary.positions(),
                    0,
                    hasBias(file, MapRole.QUERY, i),
                    hasBias(file, MapRole.ATTENTION_OUTPUT, i),
                    AttentionUnit.KV_GROUP);
            MlpSpec mlp = new MlpSpec(
                    normalization,
                    hidden,
                    channels.get(i),
                    true,
                    Activation.SILU,
                    hasBias(file, MapRole.UP, i),
                    hasBias(file, MapRole.MLP_OUTPUT, i));
            specs.add(new LayerSpec(attention, mlp));
        }
        return new ModelSpec(
                kind.id(),
                Architecture.NAMES,
                hidden,
                hidden,
                count(file, prefix + "vocab_size"),
                count(file, prefix + "context_length"),
                null,
                specs,
                normalization,
                !file.tensors().containsKey(Architecture.NAMES.head() + ".weight"));
    }

    private static RotaryKeys rotary(StoredFile file, String prefix, int headSize) {
        float base =
                file.value(prefix + "rope.freq_base", MetadataValue.Real.class).value();
        List<Float> factors = new ArrayList<>(Collections.nCopies(headSize / 2, 1f));
        if (file.tensors().containsKey(Architecture.ROTARY_FACTORS)) {
            Matrix stored = file.matrix(Architecture.ROTARY_FACTORS);
            for (int i = 0; i < factors.size(); i++) {
                factors.set(i, stored.get(0, i));
            }
        } else if (file.metadata().containsKey(prefix + "rope.scaling.factor")) {
            float factor = file.value(prefix + "rope.scaling.factor", MetadataValue.Real.class)
                    .value();
            factors.replaceAll(_ -> factor);
        }
        return new RotaryKeys(base, factors);
    }

    private static int count(StoredFile file, String key) {
        return Math.toIntExact(file.value(key, MetadataValue.Count.class).value());
    }

    private static List<Integer> widths(StoredFile file, String key, int layers) {
        List<Integer> widths = switch (file.metadata().get(key)) {
            case MetadataValue.Integers each -> each.values();
            case MetadataValue.Count everywhere -> Collections.nCopies(layers, Math.toIntExact(everywhere.value()));
            case null, default -> throw new IllegalArgumentException("the key " + key + " has no widths");
        };
        if (widths.size() != layers) {
            throw new IllegalArgumentException(key + " has " + widths.size() + " numbers for " + layers + " layers");
        }
        return widths;
    }

    private static boolean hasBias(StoredFile file, MapRole role, int layer) {
        return file.tensors().containsKey(Architecture.NAMES.map(role, layer) + ".bias");
    }

    @Override
    public ModelSpec spec() {
        return spec;
    }

    @Override
    public ModelEnds ends() {
        Matrix embedding = matrix(Architecture.NAMES.embedding(), spec.vocabularySize(), spec.hiddenSize());
        Matrix head = spec.tiedEmbeddings()
                ? embedding
                : matrix(Architecture.NAMES.head(), spec.vocabularySize(), spec.hiddenSize());
        NormWeights norm = new NormWeights(matrix(Architecture.NAMES.finalNorm(), 1, spec.hiddenSize()), null);
        return new ModelEnds(
                embedding, null, null, null, new HeadWeights(spec.finalNormalization(), norm, Linear.of(head)));
    }

    @Override
    public LayerWeights layer(int layer, Arena layerArena) {
        LayerSpec modules = spec.layers().get(layer);
        return new LayerWeights(
                module(modules.attention(), layer, layerArena), module(modules.mlp(), layer, layerArena));
    }

    private ModuleWeights module(ModuleSpec module, int layer, Arena layerArena) {
        if (module.isIdentity()) {
            return ModuleWeights.NONE;
        }
        NormWeights norm =
                new NormWeights(matrix(Architecture.NAMES.norm(module, layer), 1, module.hiddenSize()), null);
        SequencedMap<MapRole, Linear> maps = new LinkedHashMap<>();
        for (MapShape map : module.maps()) {
            String name = Architecture.NAMES.map(map.role(), layer);
            Matrix weight = matrix(name, map.rows(), map.columns());
            Matrix bias = map.bias() ? shaped(name + ".bias", 1, map.rows()) : null;
            boolean turned = map.role() == MapRole.QUERY || map.role() == MapRole.KEY;
            maps.put(
                    map.role(),
                    turned && kind.interleaved() && module instanceof AttentionSpec attention
                            ? split(weight, bias, new HeadRows(attention.headSize())::interleaved, layerArena)
                            : new Linear(weight, bias));
        }
        return new ModuleWeights(norm, maps);
    }

    private static Linear split(Matrix weight, @Nullable Matrix bias, IntUnaryOperator source, Arena arena) {
        Matrix rows = Matrix.allocate(arena, weight.type(), weight.rows(), weight.columns());
        for (int row = 0; row < rows.rows(); row++) {
            weight.rowRange(source.applyAsInt(row), 1).copyTo(rows.rowRange(row, 1));
        }
        if (bias == null) {
            return Linear.of(rows);
        }
        Matrix numbers = Matrix.allocate(arena, bias.type(), 1, bias.columns());
        for (int column = 0; column < bias.columns(); column++) {
            numbers.set(0, column, bias.get(0, source.applyAsInt(column)));
        }
        return new Linear(rows, numbers);
    }

    private Matrix matrix(String name, int rows, int columns) {
        return shaped(name + ".weight", rows, columns);
    }

    private Matrix shaped(String name, int rows, int columns) {
        Matrix matrix = file.matrix(name);
        if (matrix.rows() != rows || matrix.columns() != columns) {
            throw new IllegalArgumentException(
                    name + " is " + matrix.rows() + " × " + matrix.columns() + ", expected " + rows + " × " + columns);
        }
        return matrix;
    }

    @Override
    public void close() {
        arena.close();
    }
}
