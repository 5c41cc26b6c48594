package io.fastforward.run.stage;

import io.fastforward.evaluate.Perplexity;
import io.fastforward.forward.Decoder;
import io.fastforward.spi.search.TrialBatch;
import io.fastforward.spi.search.TrialExecutor;
import io.fastforward.spi.search.Workload;
import io.fastforward.tokenizer.TokenWindows;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Evaluates trials on the windows of a workload. A batch of fewer windows than full fidelity has gets a seeded choice
 * of them; one of more gets the additional ones too.
 */
public final class RewardEvaluator implements TrialExecutor.Evaluator {

    private final Decoder decoder;
    private final TokenWindows windows;
    private final int fullFidelity;

    /** @param decoder of the workload's model, with its units in the workload's order */
    public RewardEvaluator(Decoder decoder, Workload.Windows windows) {
        this.decoder = decoder;
        this.windows = new TokenWindows(windows.length(), windows.tokens().length / windows.length(), windows.tokens());
        this.fullFidelity = windows.fullFidelity();
    }

    @Override
    public List<TrialExecutor.Result> evaluate(TrialBatch batch) {
        TokenWindows chosen = choose(batch.windows(), batch.windowSeed());
        return decoder.logLikelihoods(chosen, batch.candidates()).stream()
                .map(logLikelihoods -> new TrialExecutor.Result(
                        Perplexity.meanNegativeLogLikelihood(logLikelihoods, chosen),
                        Perplexity.predictedTokens(chosen)))
                .toList();
    }

    private TokenWindows choose(int count, long seed) {
        int[] indexes = IntStream.range(0, Math.max(count, fullFidelity)).toArray();
        if (count < fullFidelity) {
            shuffle(indexes, seed);
        }
        return windows.subset(IntStream.of(indexes).limit(count).sorted().toArray());
    }

    private static void shuffle(int[] values, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = values.length - 1; i > 0; i--) {
            int other = random.nextInt(i + 1);
            int swapped = values[i];
            values[i] = values[other];
            values[other] = swapped;
        }
    }
}
