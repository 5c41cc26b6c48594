package io.fastforward.testkit;

import io.fastforward.spi.format.ModelSource;
import io.fastforward.spi.model.Activation;
import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.HeadWeights;
import io.fastforward.spi.model.LayerSpec;
import io.fastforward.spi.model.LayerWeights;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.model.MlpSpec;
import io.fastforward.spi.model.ModelEnds;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.Normalization;
import io.fastforward.spi.model.RotaryPositions;
import io.fastforward.spi.model.TensorNames;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A LLaMA of two layers of different widths with random weights: grouped attention, a head of its own, odd numbers of MLP
 * channels.
 */
final class RandomModel implements ModelSource {

    /** Tokens of its vocabulary: those of bytes, and three. */
    static final int VOCABULARY = 259;

    private static final int HIDDEN = 12;
    private static final int HEAD_SIZE = 6;
    private static final Normalization NORMALIZATION = new Normalization(Normalization.Kind.RMS, 1e-5);

    private final Path directory;
    private final DataType type;
    private final Arena arena;
    private final ModelSpec spec = architecture();
    private final ModelEnds ends;

    /** @param arena owns its weights */
    RandomModel(Path directory, DataType type, Arena arena) {
        this.directory = directory;
        this.type = type;
        this.arena = arena;
        RandomWeights random = new RandomWeights(arena, type, 100);
        HeadWeights head = random.head(NORMALIZATION, VOCABULARY, HIDDEN, false);
        this.ends = new ModelEnds(random.matrix(VOCABULARY, HIDDEN, 1), null, null, null, head);
    }

    private static ModelSpec architecture() {
        TensorNames names = new TensorNames(
                "embed", null, null, null, "norm", "head", "layers.%d.attention_norm", "layers.%d.mlp_norm", names());
        return new ModelSpec(
                "llama",
                names,
                HIDDEN,
                HIDDEN,
                VOCABULARY,
                64,
                null,
                List.of(layer(3, 2, 7), layer(1, 2, 5)),
                NORMALIZATION,
                false);
    }

    private static Map<MapRole, String> names() {
        Map<MapRole, String> names = new LinkedHashMap<>();
        for (MapRole role : MapRole.values()) {
            names.put(role, "layers.%d." + role);
        }
        return names;
    }

    private static LayerSpec layer(int groups, int queriesPerGroup, int channels) {
        List<Double> frequencies = new ArrayList<>();
        IntStream.range(0, HEAD_SIZE / 2).forEach(i -> frequencies.add(Math.pow(10_000, -2.0 * i / HEAD_SIZE)));
        return new LayerSpec(
                new AttentionSpec(
                        NORMALIZATION,
                        HIDDEN,
                        HEAD_SIZE,
                        groups,
                        queriesPerGroup,
                        new RotaryPositions(frequencies),
                        0,
                        false,
                        false),
                new MlpSpec(NORMALIZATION, HIDDEN, channels, true, Activation.SILU, false, false));
    }

    @Override
    public ModelSpec spec() {
        return spec;
    }

    @Override
    public ModelSpec unprunedSpec() {
        return spec;
    }

    @Override
    public LayerWeights layer(int layer, Arena ignored) {
        LayerSpec modules = spec.layers().get(layer);
        RandomWeights random = new RandomWeights(arena, type, layer);
        return new LayerWeights(random.module(modules.attention()), random.module(modules.mlp()));
    }

    @Override
    public ModelEnds ends() {
        return ends;
    }

    @Override
    public SequencedMap<String, Matrix> endTensors() {
        SequencedMap<String, Matrix> tensors = new LinkedHashMap<>();
        tensors.put("embed.weight", ends.embedding());
        tensors.put("head.weight", ends.head().head().weight());
        return tensors;
    }

    @Override
    public Path directory() {
        return directory;
    }

    @Override
    public String config(ModelSpec model, @Nullable DataType dataType) {
        return "{\"model_type\":\"llama\",\"eos_token_id\":2}";
    }

    @Override
    public void copyCompanions(Path target) {
        // It has none.
    }

    @Override
    public void close() {
        // Its arena is its owner's.
    }
}
