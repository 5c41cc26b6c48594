package io.fastforward.run.stage;

import io.fastforward.evaluate.ChoiceAccuracy;
import io.fastforward.evaluate.Perplexity;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.forward.Decoder;
import io.fastforward.report.Progress;
import io.fastforward.report.Variant;
import io.fastforward.report.VariantTable;
import io.fastforward.spi.model.Policy;
import io.fastforward.tokenizer.TokenWindows;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The figures of variants of a model.
 *
 * @param windows the text for them
 * @param questions tasks, if there are any
 * @param progress is told how far it is
 */
public record Figures(TokenWindows windows, Optional<ChoiceAccuracy.Questions> questions, Progress progress) {

    /**
     * Measures a variant.
     *
     * @param active what the decoder is to retain of its layers
     * @param parameters all parameters of the variant
     * @param sparsity share of the decoder layers' linear parameters that it lacks
     * @throws Failure if its perplexity is not finite
     */
    public Variant measure(String name, Decoder decoder, Policy active, long parameters, double sparsity) {
        progress.begin(
                "Measuring: " + name,
                questions.map(ChoiceAccuracy.Questions::sequences).orElse(0));
        Perplexity perplexity = Perplexity.measure(decoder, windows, active);
        if (!perplexity.isFinite()) {
            throw FailureKind.NOT_FINITE.failure("the perplexity of the variant '" + name
                    + "' is not a finite number; the weights or the activations overflow");
        }
        @Nullable
        ChoiceAccuracy accuracy = questions
                .map(asked -> asked.ask(decoder, active, done -> progress.advance(done, "choices")))
                .orElse(null);
        progress.end("perplexity " + VariantTable.significant(perplexity.perplexity())
                + (accuracy == null
                        ? ""
                        : String.format(Locale.ROOT, ", %.1f%% of the tasks", 100 * accuracy.accuracy())));
        return new Variant(name, parameters, sparsity, perplexity, accuracy);
    }
}
