package io.fastforward.run.stage;

import io.fastforward.evaluate.Perplexity;
import io.fastforward.forward.Decoder;
import io.fastforward.forward.LayerSource;
import io.fastforward.model.Model;
import io.fastforward.prune.ModulePatterns;
import io.fastforward.prune.SparsePreview;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.prune.Pattern;
import io.fastforward.spi.search.TrialBatch;
import io.fastforward.spi.search.TrialExecutor;
import io.fastforward.tokenizer.TokenWindows;
import java.util.List;

/**
 * Evaluates trials that say how many weights of each module are not zero.
 *
 * @param asked the pattern that the candidates have in the mean
 * @param windows what they are evaluated on
 * @param hiddenStateBytes as of a {@link Decoder}
 */
public record SparseRewardEvaluator(
        ComputeBackend backend,
        Model model,
        SparsePreview preview,
        Pattern asked,
        TokenWindows windows,
        long hiddenStateBytes)
        implements TrialExecutor.Evaluator {

    @Override
    public List<TrialExecutor.Result> evaluate(TrialBatch batch) {
        TokenWindows chosen = windows.subset(batch.windows());
        return batch.candidates().stream()
                .map(candidate -> evaluate(candidate, chosen))
                .toList();
    }

    private TrialExecutor.Result evaluate(Policy candidate, TokenWindows chosen) {
        ModelSpec spec = model.spec();
        // One layer after the other, and not ahead: sparsifier and backend may be beside each other, but would want the
        // same cores.
        try (LayerSource layers =
                        new LayerSource.Streamed(backend, spec, preview.weights(ModulePatterns.of(asked, candidate)));
                Decoder decoder = new Decoder(backend, layers, model.ends(), hiddenStateBytes)) {
            double[] logLikelihoods =
                    decoder.logLikelihoods(chosen, List.of(spec.densePolicy())).getFirst();
            return new TrialExecutor.Result(Perplexity.windowLosses(logLikelihoods, chosen), chosen.tokens().length);
        }
    }
}
