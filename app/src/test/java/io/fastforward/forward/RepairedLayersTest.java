package io.fastforward.forward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fastforward.model.Model;
import io.fastforward.nested.NestedModel;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.model.LayerWeights;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.model.WeightSource;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import io.fastforward.testing.Backends;
import io.fastforward.testing.RandomLlama;
import io.fastforward.testing.RunningModel;
import io.fastforward.tokenizer.TokenWindows;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RepairedLayersTest {

    private static final int ATTENTION = 2;
    private static final int MLP = 1;

    /** The MLP of layer 0 with 6 channels, and attention of layer 1 with 2 groups, are repaired: to something quite different. */
    private static final RepairedLayers.OutputMaps MAPS = new RepairedLayers.OutputMaps() {
        @Override
        public boolean holds(int module, int units) {
            return (module == MLP && units == 6) || (module == ATTENTION && units == 2);
        }

        @Override
        public Matrix read(ModuleSpec module, int index, Arena arena) {
            return map(module, index, arena);
        }
    };

    private static Matrix map(ModuleSpec module, int index, Arena arena) {
        Random random = new Random(index);
        Matrix map = Matrix.allocate(arena, DataType.F32, 12, module.features(index == MLP ? 6 : 2));
        for (int i = 0; i < map.rows(); i++) {
            for (int j = 0; j < map.columns(); j++) {
                map.set(i, j, (float) random.nextGaussian());
            }
        }
        return map;
    }

    /** Among others in one batch, each is the model that it stands for, written out and cut. */
    @Test
    void aCandidateHasTheMapOfItsNumberOfUnitsAndNoOther(@TempDir Path directory) {
        List<Policy> policies = List.of(
                new Policy(List.of(3, 10, 3, 10)),
                new Policy(List.of(3, 6, 3, 10)),
                new Policy(List.of(3, 5, 2, 10)),
                new Policy(List.of(3, 6, 2, 4)),
                new Policy(List.of(3, 0, 1, 6)));
        try (ComputeBackend backend = Backends.cpu();
                Model model = Model.open(new RandomLlama().write(directory));
                LayerSource streamed = LayerSource.streamed(backend, model.spec(), model);
                LayerSource resident = LayerSource.resident(backend, model.spec(), model)) {
            TokenWindows windows = RunningModel.randomWindows(model.spec(), 6, 5, 3);
            for (LayerSource source : List.of(streamed, resident)) {
                LayerSource layers = new RepairedLayers(backend, source, model, MAPS);
                try (Decoder decoder = new Decoder(backend, layers, model.ends(), 1 << 20)) {
                    List<double[]> found = decoder.logLikelihoods(windows, policies);
                    for (int i = 0; i < policies.size(); i++) {
                        assertThat(found.get(i))
                                .containsExactly(expected(backend, model, windows, policies.get(i)), within(1e-5));
                    }
                }
            }
        }
    }

    private static double[] expected(ComputeBackend backend, Model model, TokenWindows windows, Policy policy) {
        ModelSpec pruned = model.spec().pruned(policy);
        WeightSource cut = (layer, arena) -> {
            LayerWeights own = model.layer(layer, arena);
            LayerWeights repaired = new LayerWeights(
                    written(model.spec(), 2 * layer, own.attention(), policy, arena),
                    written(model.spec(), 2 * layer + 1, own.mlp(), policy, arena));
            return NestedModel.cut(pruned.layers().get(layer), repaired, arena);
        };
        try (RunningModel running = new RunningModel(backend, model, pruned, cut)) {
            return running.logLikelihoods(windows);
        }
    }

    private static ModuleWeights written(ModelSpec spec, int index, ModuleWeights own, Policy policy, Arena arena) {
        if (!MAPS.holds(index, policy.retained().get(index))) {
            return own;
        }
        ModuleSpec module = spec.modules().get(index);
        Matrix map = map(module, index, arena);
        Matrix whole = own.output().weight().copy(DataType.F32, arena);
        for (int i = 0; i < map.rows(); i++) {
            for (int j = 0; j < map.columns(); j++) {
                whole.set(i, j, map.get(i, j));
            }
        }
        return own.with(Map.of(
                module.maps().getLast().role(), new Linear(whole, own.output().bias())));
    }
}
