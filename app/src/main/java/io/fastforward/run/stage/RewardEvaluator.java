package io.fastforward.run.stage;

import io.fastforward.evaluate.Perplexity;
import io.fastforward.forward.Decoder;
import io.fastforward.spi.search.TrialBatch;
import io.fastforward.spi.search.TrialExecutor;
import io.fastforward.spi.search.Workload;
import io.fastforward.tokenizer.TokenWindows;
import java.util.List;

/** Evaluates trials of a workload: each candidate retains leading units of the model. */
public final class RewardEvaluator implements TrialExecutor.Evaluator {

    private final Decoder decoder;
    private final RewardWindows windows;

    /** @param decoder of the workload's model, with its units in the workload's order */
    public RewardEvaluator(Decoder decoder, Workload.Windows windows) {
        this.decoder = decoder;
        this.windows = RewardWindows.of(windows);
    }

    @Override
    public List<TrialExecutor.Result> evaluate(TrialBatch batch) {
        TokenWindows chosen = windows.choose(batch);
        return decoder.logLikelihoods(chosen, batch.candidates()).stream()
                .map(logLikelihoods -> result(logLikelihoods, chosen))
                .toList();
    }

    /** What the log-likelihoods of some windows come to. */
    static TrialExecutor.Result result(double[] logLikelihoods, TokenWindows windows) {
        return new TrialExecutor.Result(
                Perplexity.meanNegativeLogLikelihood(logLikelihoods, windows), Perplexity.predictedTokens(windows));
    }
}
