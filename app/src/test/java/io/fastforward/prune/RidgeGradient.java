package io.fastforward.prune;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.forward.HiddenStates;
import io.fastforward.forward.HiddenStates.Chunk;
import io.fastforward.model.Model;
import io.fastforward.nested.NestedModel;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.DeviceMatrix;
import io.fastforward.spi.backend.LoadedModule;
import io.fastforward.spi.model.AttentionUnit;
import io.fastforward.spi.model.LayerSpec;
import io.fastforward.spi.model.LayerWeights;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import io.fastforward.tokenizer.TokenWindows;
import java.lang.foreign.Arena;
import java.util.List;

/**
 * The gradient of the ridge problem at the calibrated weights of a whole pruned model, in double precision from features
 * that a backend makes anew.
 */
final class RidgeGradient {

    private final ComputeBackend backend;
    private final Model model;
    private final ModelSpec pruned;
    private final NestedModel nested;

    /** @param pruned with the units of the nested weights */
    RidgeGradient(ComputeBackend backend, Model model, ModelSpec pruned, NestedModel nested) {
        this.backend = backend;
        this.model = model;
        this.pruned = pruned;
        this.nested = nested;
    }

    /** Checks every module against a bound relative to the magnitudes that are summed up. */
    void requireZero(TokenWindows windows, CollectedLayers layers, List<ModuleRepair> repairs, double bound) {
        ModelSpec stored = pruned.withAttentionUnit(AttentionUnit.KV_GROUP);
        ModelSpec dense = model.spec()
                .withAttentionUnit(pruned.layers().getFirst().attention().unit());
        try (HiddenStates states = HiddenStates.embed(backend, model.ends(), windows);
                Arena arena = Arena.ofShared()) {
            Chunk chunk = states.chunks().getFirst();
            for (int i = 0; i < pruned.layers().size(); i++) {
                LayerSpec whole = dense.layers().get(i);
                LayerSpec cut = stored.layers().get(i);
                LayerWeights before = nested.layer(i, arena);
                LayerWeights after = layers.layer(i, arena);
                Matrix attention = inNestedOrder(
                        pruned.layers().get(i), after.attention().output().weight(), arena);
                check(
                        whole.attention(),
                        before.attention(),
                        attention,
                        chunk,
                        repairs.get(2 * i).ridge(),
                        bound);
                move(cut.attention(), after.attention(), chunk);
                check(
                        whole.mlp(),
                        before.mlp(),
                        after.mlp().output().weight(),
                        chunk,
                        repairs.get(2 * i + 1).ridge(),
                        bound);
                move(cut.mlp(), after.mlp(), chunk);
            }
        }
    }

    /** Columns of a stored output map in the order in which features were made. */
    private static Matrix inNestedOrder(LayerSpec spec, Matrix stored, Arena arena) {
        var attention = spec.attention();
        Matrix ordered = Matrix.allocate(arena, stored.type(), stored.rows(), stored.columns());
        int size = attention.valueSize();
        for (int head = 0; head < attention.heads(); head++) {
            for (int dimension = 0; dimension < size; dimension++) {
                int group = head / attention.queriesPerGroup();
                int rank = head % attention.queriesPerGroup();
                int column = switch (attention.unit()) {
                    case KV_GROUP -> head * size + dimension;
                    case QUERY_HEAD -> (rank * attention.groups() + group) * size + dimension;
                    case VALUE_CHANNEL -> dimension * attention.heads() + head;
                };
                stored.columnRange(head * size + dimension, 1).copyTo(ordered.columnRange(column, 1));
            }
        }
        return ordered;
    }

    private void check(ModuleSpec spec, ModuleWeights dense, Matrix repaired, Chunk chunk, double ridge, double bound) {
        int width = spec.features(spec.units());
        int kept = repaired.columns();
        int rows = chunk.shape().rows();
        try (LoadedModule module = backend.load(spec, dense);
                DeviceMatrix features = backend.allocate(rows, width);
                Arena arena = Arena.ofShared()) {
            backend.features(module, spec.units(), chunk.shape(), chunk.hidden(), features);
            Matrix x = Matrix.allocate(arena, DataType.F32, rows, width);
            backend.read(features, 0, x);
            Matrix weight = dense.output().weight();
            for (int output = 0; output < weight.rows(); output++) {
                double[] gradient = new double[kept];
                double[] magnitude = new double[kept];
                for (int t = 0; t < rows; t++) {
                    double residual = 0;
                    double size = 0;
                    for (int j = 0; j < width; j++) {
                        double term = weight.get(output, j) * (double) x.get(t, j);
                        double own = j < kept ? repaired.get(output, j) * (double) x.get(t, j) : 0;
                        residual += own - term;
                        size += Math.abs(own) + Math.abs(term);
                    }
                    for (int j = 0; j < kept; j++) {
                        gradient[j] += residual * x.get(t, j);
                        magnitude[j] += size * Math.abs(x.get(t, j));
                    }
                }
                for (int j = 0; j < kept; j++) {
                    gradient[j] += ridge * (repaired.get(output, j) - weight.get(output, j));
                    assertThat(Math.abs(gradient[j]))
                            .as("%s, output %d, input %d", spec.getClass().getSimpleName(), output, j)
                            .isLessThanOrEqualTo(bound * magnitude[j]);
                }
            }
        }
    }

    private void move(ModuleSpec spec, ModuleWeights weights, Chunk chunk) {
        try (LoadedModule module = backend.load(spec, weights);
                DeviceMatrix scratch = backend.allocate(chunk.shape().rows(), spec.features(spec.units()))) {
            backend.apply(module, spec.units(), chunk.shape(), chunk.hidden(), scratch);
        }
    }
}
