package io.fastforward.prune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fastforward.model.Model;
import io.fastforward.nested.NestedModel;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.LoadedModule;
import io.fastforward.spi.model.LayerSpec;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.model.WeightSource;
import io.fastforward.testing.Backends;
import io.fastforward.testing.RandomLlama;
import io.fastforward.testing.RunningModel;
import io.fastforward.tokenizer.TokenWindows;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProbesTest {

    /** Every probe is a model of its own with one module cut, whose logits are compared window by window in double precision. */
    @Test
    void aProbeIsTheModelWithOneModulePruned(@TempDir Path directory) {
        try (ComputeBackend backend = Backends.cpu();
                Model model = Model.open(new RandomLlama().write(directory))) {
            TokenWindows windows = RunningModel.randomWindows(model.spec(), 5, 3, 9);
            List<Integer> whole = model.spec().densePolicy().retained();
            List<Double> found;
            try (Probes probes = new Probes(backend, model.spec(), model.ends(), windows)) {
                for (int i = 0; i < 2; i++) {
                    LayerSpec layer = model.spec().layers().get(i);
                    try (LoadedModule attention = backend.load(
                                    layer.attention(), model.layer(i).attention());
                            LoadedModule mlp =
                                    backend.load(layer.mlp(), model.layer(i).mlp())) {
                        probes.pass(attention, probes.branch(attention, whole.get(2 * i) / 2));
                        probes.pass(mlp, probes.branch(mlp, i == 1 ? 0 : 1)); // or away altogether
                    }
                }
                found = probes.divergences();
            }
            assertThat(found).hasSize(4);
            for (int module = 0; module < 4; module++) {
                List<Integer> cut = new ArrayList<>(whole);
                cut.set(module, module % 2 == 0 ? whole.get(module) / 2 : module == 3 ? 0 : 1);
                double sum = 0;
                for (int window = 0; window < windows.count(); window++) {
                    TokenWindows one = windows.subset(new int[] {window});
                    float[] dense = logits(backend, model, one, new Policy(whole));
                    float[] pruned = logits(backend, model, one, new Policy(cut));
                    int vocabulary = model.spec().vocabularySize();
                    for (int first = 0; first < dense.length; first += vocabulary) {
                        sum += divergence(dense, pruned, first, vocabulary);
                    }
                }
                double expected = sum / (windows.count() * windows.length());
                assertThat(expected).isGreaterThan(1e-6);
                assertThat(found.get(module))
                        .as("module %d", module)
                        .isCloseTo(expected, within(1e-4 * expected + 1e-7));
            }
        }
    }

    /** Straight from the definition. */
    private static double divergence(float[] left, float[] right, int first, int vocabulary) {
        double leftSum = 0;
        double rightSum = 0;
        for (int j = first; j < first + vocabulary; j++) {
            leftSum += Math.exp(left[j]);
            rightSum += Math.exp(right[j]);
        }
        double sum = 0;
        for (int j = first; j < first + vocabulary; j++) {
            double p = Math.exp(left[j]) / leftSum;
            double q = Math.exp(right[j]) / rightSum;
            sum += p * Math.log(p / q);
        }
        return sum;
    }

    private static float[] logits(ComputeBackend backend, Model model, TokenWindows window, Policy policy) {
        ModelSpec pruned = model.spec().pruned(policy);
        WeightSource cut = (layer, arena) -> NestedModel.cut(pruned.layers().get(layer), model.layer(layer), arena);
        try (RunningModel running = new RunningModel(backend, model, pruned, cut)) {
            return running.logits(window.tokens());
        }
    }
}
