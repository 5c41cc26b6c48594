package io.fastforward.prune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.fastforward.model.Model;
import io.fastforward.nested.NestedModel;
import io.fastforward.nested.NestedOrder;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.model.AttentionUnit;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.testing.Backends;
import io.fastforward.testing.DemoModel;
import io.fastforward.testing.Golden;
import io.fastforward.testing.RandomLlama;
import io.fastforward.testing.RunningModel;
import io.fastforward.tokenizer.TokenWindows;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** A leading slice in nested order is the dense model with the other units masked, to rounding. */
class SlicingTest {

    private static final double TOLERANCE = 1e-5; // of a mean negative log-likelihood

    /** Biases everywhere, three groups of two query heads, every way of storing. */
    @ParameterizedTest
    @EnumSource(DataType.class)
    void ofAModelWithBiases(DataType type, @TempDir Path directory) {
        List<Policy> policies = List.of(
                new Policy(List.of(3, 10, 3, 10)), new Policy(List.of(2, 7, 1, 10)), new Policy(List.of(1, 1, 1, 1)));
        try (Model model = Model.open(new RandomLlama().stored(type).write(directory))) {
            requireSlicesEqualMasks(model, policies, RunningModel.randomWindows(model.spec(), 12, 6, 3));
        }
    }

    @Test
    void ofAModelWithTiedEmbeddings() {
        List<Policy> policies =
                List.of(new Policy(List.of(1, 72, 2, 30, 2, 1)), new Policy(List.of(2, 5, 1, 71, 1, 40)));
        try (Model model = Model.open(Golden.path("tiny-gqa"))) {
            requireSlicesEqualMasks(model, policies, RunningModel.randomWindows(model.spec(), 20, 4, 4));
        }
    }

    @ParameterizedTest
    @MethodSource("io.fastforward.testing.Golden#families")
    void ofEveryFamily(String family) {
        try (Model model = Model.open(Golden.path(family))) {
            for (AttentionUnit unit : AttentionUnit.values()) {
                ModelSpec spec = model.spec().withAttentionUnit(unit);
                List<Integer> half = spec.modules().stream()
                        .map(module -> Math.max(1, module.units() / 2))
                        .toList();
                List<Integer> uneven = IntStream.range(0, half.size())
                        .mapToObj(i -> i % 3 == 0 ? 1 : spec.modules().get(i).units() - i % 2)
                        .toList();
                List<Policy> policies = Stream.of(half, uneven)
                        .map(retained -> retained.stream()
                                .map(units -> Math.max(1, units))
                                .toList())
                        .map(Policy::new)
                        .toList();
                requireSlicesEqualMasks(model, spec, policies, RunningModel.randomWindows(model.spec(), 20, 3, 4));
            }
        }
    }

    /** What was pruned by value channels can be pruned again, by units of any kind. */
    @Test
    void ofAModelThatHasLostValuesAlready(@TempDir Path directory) {
        RandomLlama llama =
                new RandomLlama().with("model_type", "\"fastforward_llama\"").with("layer_value_head_dim", "[3,2]");
        try (Model model = Model.open(llama.write(directory))) {
            for (AttentionUnit unit : AttentionUnit.values()) {
                ModelSpec spec = model.spec().withAttentionUnit(unit);
                int some = spec.layers().getFirst().attention().units() - 1;
                List<Policy> policies = List.of(new Policy(List.of(some, 7, 2, 10)), new Policy(List.of(1, 1, 1, 1)));
                requireSlicesEqualMasks(model, spec, policies, RunningModel.randomWindows(model.spec(), 12, 6, 3));
            }
        }
    }

    @Test
    void ofTheDemoModel() {
        try (Model model = DemoModel.open()) {
            Policy policy = new Policy(List.of(1, 40, 6, 101, 5, 512, 4, 162, 3, 223, 2, 284, 1, 345, 6, 406));
            requireSlicesEqualMasks(model, List.of(policy), DemoModel.validation(2));
        }
    }

    /** PyTorch masked the trailing units. */
    @Test
    void equalsMasksInPyTorch() {
        JsonNode golden = Golden.read("demo/masked.json");
        TokenWindows windows =
                DemoModel.validation(golden.path("validationWindows").intValue());
        try (ComputeBackend backend = Backends.cpu();
                Model model = DemoModel.open();
                RunningModel running = new RunningModel(backend, model)) {
            assertThat(golden.path("cases")).hasSize(3);
            for (JsonNode testCase : golden.path("cases")) {
                assertThat(running.losses(windows, retained(testCase)))
                        .containsExactly(Golden.doubles(testCase.path("losses")), within(TOLERANCE));
            }
        }
    }

    @Test
    void nestedOrderChangesNothingInTheDenseModel() {
        try (ComputeBackend backend = Backends.cpu();
                Model model = Model.open(Golden.path("tiny-gqa"))) {
            int[] tokens = RunningModel.randomWindows(model.spec(), 30, 1, 5).tokens();
            NestedOrder order = Orders.random(model.spec(), 8);
            assertThat(order).isNotEqualTo(Orders.asStored(model.spec()));
            try (RunningModel dense = new RunningModel(backend, model);
                    RunningModel nested = new RunningModel(
                            backend, model, model.spec(), new NestedModel(model.spec(), model, order))) {
                assertThat(Golden.relativeDifference(dense.logits(tokens), nested.logits(tokens)))
                        .isLessThan(1e-5);
            }
        }
    }

    static Policy retained(JsonNode testCase) {
        return new Policy(
                Arrays.stream(Golden.ints(testCase.path("retained"))).boxed().toList());
    }

    private static void requireSlicesEqualMasks(Model model, List<Policy> policies, TokenWindows windows) {
        requireSlicesEqualMasks(model, model.spec(), policies, windows);
    }

    private static void requireSlicesEqualMasks(
            Model model, ModelSpec spec, List<Policy> policies, TokenWindows windows) {
        NestedOrder order = Orders.random(spec, 7);
        try (ComputeBackend backend = Backends.cpu();
                RunningModel nested = new RunningModel(backend, model, spec, new NestedModel(spec, model, order))) {
            for (Policy policy : policies) {
                try (RunningModel masked =
                        new RunningModel(backend, model, model.spec(), new MaskedWeights(spec, model, order, policy))) {
                    assertThat(nested.losses(windows, policy))
                            .containsExactly(masked.losses(windows), within(TOLERANCE));
                }
            }
        }
    }
}
