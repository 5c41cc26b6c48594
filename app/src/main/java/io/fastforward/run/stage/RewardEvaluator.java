package io.fastforward.run.stage;

import io.fastforward.evaluate.Perplexity;
import io.fastforward.forward.Decoder;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.search.TrialExecutor;
import io.fastforward.tokenizer.TokenWindows;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Evaluates trials on the windows of the reward text. A trial that asks for fewer windows than full fidelity has gets
 * a seeded choice of them; one that asks for more gets the additional ones too.
 */
public final class RewardEvaluator implements TrialExecutor.Evaluator {

    private final Decoder decoder;
    private final TokenWindows windows;
    private final int fullFidelity;

    /** @param fullFidelity windows that are all that a trial may ask for in the search */
    public RewardEvaluator(Decoder decoder, TokenWindows windows, int fullFidelity) {
        this.decoder = decoder;
        this.windows = windows;
        this.fullFidelity = fullFidelity;
    }

    @Override
    public List<TrialExecutor.Result> evaluate(List<TrialExecutor.Trial> trials) {
        TrialExecutor.Trial first = trials.getFirst();
        TokenWindows chosen = choose(first.windows(), first.windowSeed());
        List<Policy> policies = trials.stream().map(TrialExecutor.Trial::policy).toList();
        return decoder.logLikelihoods(chosen, policies).stream()
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
