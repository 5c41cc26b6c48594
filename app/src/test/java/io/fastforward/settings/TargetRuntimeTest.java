package io.fastforward.settings;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.failure.FailureKind;
import io.fastforward.model.Model;
import io.fastforward.search.Constraints;
import io.fastforward.spi.format.Demands;
import io.fastforward.testing.Failures;
import io.fastforward.testing.RandomLlama;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TargetRuntimeTest {

    private static final Constraints ASKED = new Constraints(0.2, 48, Set.of(1), false);

    @Test
    void transformersAllowsEverything() {
        for (String family : new String[] {"llama", "mistral", "qwen2", "opt"}) {
            for (AttentionPruning attention : AttentionPruning.values()) {
                assertThat(TargetRuntime.HF.constrain(family, attention, ASKED)).isEqualTo(ASKED);
            }
        }
    }

    @Test
    void quantisedBlocksDivideTheWidths() {
        Constraints llama = TargetRuntime.LLAMA_CPP.constrain("llama", AttentionPruning.QUERY_HEADS, ASKED);
        assertThat(llama).isEqualTo(new Constraints(0.2, 96, Set.of(1), false)); // 96 is a multiple of 48 and 32
        Constraints qwen = TargetRuntime.LLAMA_CPP.constrain("qwen2", AttentionPruning.KV_GROUP, ASKED);
        assertThat(qwen).isEqualTo(new Constraints(0.2, 96, Set.of(1), true));
        Failures.expect(
                FailureKind.UNSUPPORTED_MODEL,
                () -> TargetRuntime.LLAMA_CPP.constrain("opt", AttentionPruning.KV_GROUP, ASKED),
                "llama.cpp",
                "opt",
                "hf-padded");
    }

    @Test
    void oneWidthOfValuesForAllLayers() {
        for (TargetRuntime runtime : List.of(TargetRuntime.LLAMA_CPP, TargetRuntime.VLLM, TargetRuntime.ANY)) {
            Failures.expect(
                    FailureKind.USAGE,
                    () -> runtime.constrain("llama", AttentionPruning.VALUE_CHANNELS, ASKED),
                    "<budget.targetRuntime> " + runtime,
                    "values of one width",
                    "<budget.attention> value-channels",
                    "hf-padded");
        }
    }

    /** Whatever would be pruned now: such a model does not run there. */
    @Test
    void aModelThatHasLostValuesAlreadyIsRefused(@TempDir Path directory) {
        RandomLlama llama = new RandomLlama()
                .with("model_type", "\"fastforward_llama\"")
                .with("attention_bias", "false")
                .with("layer_value_head_dim", "[4,3]");
        try (Model model = Model.open(llama.write(directory))) {
            for (TargetRuntime runtime : TargetRuntime.values()) {
                BudgetSettings settings = new BudgetSettings(0.1, AttentionPruning.NONE, 0.1, 1, Set.of(), runtime);
                if (runtime == TargetRuntime.HF) {
                    assertThat(settings.of(model.spec(), Demands.NONE).modules())
                            .isEqualTo(4);
                } else {
                    Failures.expect(
                            FailureKind.UNSUPPORTED_MODEL,
                            () -> settings.of(model.spec(), Demands.NONE),
                            "pruned by value channels",
                            "hf-padded");
                }
            }
        }
    }

    @Test
    void oneNumberOfHeadsForAllLayers() {
        Constraints mistral = TargetRuntime.VLLM.constrain("mistral", AttentionPruning.KV_GROUP, ASKED);
        assertThat(mistral).isEqualTo(new Constraints(0.2, 768, Set.of(1), true));
        Failures.expect(
                FailureKind.USAGE,
                () -> TargetRuntime.VLLM.constrain("llama", AttentionPruning.QUERY_HEADS, ASKED),
                "<budget.targetRuntime> vllm",
                "query-heads");
        Failures.expect(
                FailureKind.UNSUPPORTED_MODEL,
                () -> TargetRuntime.ANY.constrain("qwen2", AttentionPruning.KV_GROUP, ASKED),
                "vLLM",
                "qwen2");
        assertThat(TargetRuntime.ANY.constrain("llama", AttentionPruning.NONE, ASKED))
                .isEqualTo(mistral);
    }
}
