package io.fastforward.run.stage;

import io.fastforward.evaluate.ChoiceAccuracy;
import io.fastforward.forward.Decoder;
import io.fastforward.forward.LayerSource;
import io.fastforward.nested.NestedModel;
import io.fastforward.prune.CollectedLayers;
import io.fastforward.record.StageSource;
import io.fastforward.report.Variant;
import io.fastforward.search.Budget;
import io.fastforward.spi.format.ModelFormat;
import io.fastforward.spi.format.ReadableModel;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.Policy;
import io.fastforward.tokenizer.TokenWindows;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Measures variants of the model on what no other stage has seen.
 *
 * @param budget counts what a policy removes
 * @param windows the text for figures
 * @param questions tasks, if there are any
 */
public record MeasureStage(
        RunContext run, Budget budget, TokenWindows windows, Optional<ChoiceAccuracy.Questions> questions) {

    /**
     * The whole model.
     *
     * @param shared where another run may have measured it
     */
    public Variant dense(Decoder decoder, StageSource<Variant> shared) {
        return shared.orMade(
                run.progress(), () -> cut("dense", decoder, run.spec().densePolicy()));
    }

    /** What a policy makes of the model, without any repair. */
    public Variant cut(String name, Decoder decoder, Policy policy) {
        return measure(name, decoder, policy, policy, run.spec());
    }

    /** What a policy and repair make of it; it is measured and not written. */
    public Variant repaired(String name, RepairStage repair, NestedModel nested, Policy policy) {
        try (CollectedLayers collected = new CollectedLayers()) {
            repair.execute(nested, policy, collected, layer -> {});
            ModelSpec pruned = nested.pruned(policy);
            try (LayerSource layers = run.layers(pruned, collected);
                    Decoder decoder = run.decoder(layers, run.model().ends())) {
                return measure(name, decoder, pruned.densePolicy(), policy, nested.spec());
            }
        }
    }

    /** What was written, as its format reads it; empty if that only writes. */
    public Optional<Variant> written(String name, ModelFormat format, Path output, NestedModel nested, Policy policy) {
        return format.open(output).map(read -> {
            try (ReadableModel written = read;
                    LayerSource layers = run.layers(written.spec(), written);
                    Decoder decoder = run.decoder(layers, written.ends())) {
                return measure(name, decoder, written.spec().densePolicy(), policy, nested.spec());
            }
        });
    }

    /**
     * @param active what the decoder is to retain of its own layers
     * @param policy what is retained of the source model's
     * @param counted the architecture of which that is retained, with biases that a repair adds
     */
    private Variant measure(String name, Decoder decoder, Policy active, Policy policy, ModelSpec counted) {
        return new Figures(windows, questions, run.progress())
                .measure(name, decoder, active, counted.pruned(policy).parameters(), budget.sparsity(policy));
    }
}
