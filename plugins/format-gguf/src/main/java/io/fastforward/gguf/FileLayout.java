package io.fastforward.gguf;

import io.fastforward.spi.format.ModelSource;
import io.fastforward.spi.format.WriteSettings;
import io.fastforward.spi.model.LayerWeights;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MapShape;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.tensor.DataType;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The tensors of a file, in the order in which they are written.
 *
 * @param architecture what they make up
 * @param places which layer of the model each written one is
 * @param tensors names, types and shapes
 */
record FileLayout(Architecture architecture, List<Integer> places, List<TensorPlan> tensors) {

    /**
     * The layout for a model.
     *
     * @param quantized whether matrices are written as Q8_0
     * @throws IllegalArgumentException if rows cannot be cut into blocks
     */
    static FileLayout of(ModelSource source, ModelSpec model, WriteSettings settings, boolean quantized) {
        Architecture architecture = Architecture.of(model);
        ModelSpec written = architecture.written();
        List<Integer> places = IntStream.range(0, model.layers().size())
                .filter(layer -> !model.layers().get(layer).isIdentity())
                .boxed()
                .toList();
        Types types = new Types(source.ends().embedding().type(), settings.dataType(), quantized);
        List<TensorPlan> tensors = new ArrayList<>();
        int hidden = written.hiddenSize();
        int vocabulary = written.vocabularySize();
        tensors.add(TensorPlan.matrix(
                Architecture.NAMES.embedding() + ".weight",
                types.of(source.ends().embedding().type()),
                vocabulary,
                hidden));
        if (!written.tiedEmbeddings()) {
            DataType head = source.ends().head().head().weight().type();
            tensors.add(TensorPlan.matrix(Architecture.NAMES.head() + ".weight", types.of(head), vocabulary, hidden));
        }
        architecture
                .rotaryFactors()
                .ifPresent(factors -> tensors.add(TensorPlan.vector(Architecture.ROTARY_FACTORS, factors.size())));
        for (int i = 0; i < written.layers().size(); i++) {
            try (Arena arena = Arena.ofShared()) {
                LayerWeights stored = source.layer(places.get(i), arena);
                add(tensors, types, written.layers().get(i).attention(), i, stored.attention());
                add(tensors, types, written.layers().get(i).mlp(), i, stored.mlp());
            }
        }
        tensors.add(TensorPlan.vector(Architecture.NAMES.finalNorm() + ".weight", hidden));
        return new FileLayout(architecture, places, List.copyOf(tensors));
    }

    private static void add(List<TensorPlan> tensors, Types types, ModuleSpec module, int layer, ModuleWeights stored) {
        if (module.isIdentity()) {
            return;
        }
        tensors.add(TensorPlan.vector(Architecture.NAMES.norm(module, layer) + ".weight", module.hiddenSize()));
        for (MapShape map : module.maps()) {
            String name = Architecture.NAMES.map(map.role(), layer);
            Linear linear = stored.maps().get(map.role());
            tensors.add(TensorPlan.matrix(
                    name + ".weight",
                    linear == null ? types.ofZeros() : types.of(linear.weight().type()),
                    map.rows(),
                    map.columns()));
            if (map.bias()) {
                tensors.add(TensorPlan.vector(name + ".bias", map.rows()));
            }
        }
    }

    /** Bytes of all tensors. */
    long bytes() {
        return tensors.stream().mapToLong(TensorPlan::bytes).sum();
    }

    /** The type of most numbers. */
    TensorType mainType() {
        TensorType main = TensorType.F32;
        long most = 0;
        for (TensorType type : TensorType.values()) {
            long numbers = tensors.stream()
                    .filter(tensor -> tensor.type() == type)
                    .mapToLong(tensor -> (long) tensor.rows() * tensor.columns())
                    .sum();
            if (numbers > most) {
                most = numbers;
                main = type;
            }
        }
        return main;
    }

    /** How matrices are stored. */
    private record Types(DataType embedding, @Nullable DataType wished, boolean quantized) {

        TensorType of(DataType own) {
            return quantized ? TensorType.Q8_0 : TensorType.of(wished == null ? own : wished);
        }

        TensorType ofZeros() {
            return of(embedding);
        }
    }
}
